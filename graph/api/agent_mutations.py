"""GraphQL mutations of agents, limited to the viewer's tenant."""

from __future__ import annotations

from typing import Annotated

import strawberry

from db.commands import agents
from graph.api.agent_definitions import given_definition, warnings_of
from graph.api.context import Info
from graph.api.descriptions import described
from graph.api.inputs import ArchiveAgentInput, PublishAgentInput
from graph.api.types.agent import Agent, AgentVersion


@strawberry.type(description="Result of publishAgent.")
class PublishAgentPayload:
    agent: Annotated[Agent, described("The agent.")]
    version: Annotated[AgentVersion, described("Its version with this definition: now the current one, unless draft.")]
    warnings: Annotated[
        list[str], described("What may be a mistake, such as a voice that no engine of the live workers has.")
    ]
    is_new: Annotated[bool, described("Whether the version is new; false if an earlier one has this definition.")]


@strawberry.type(description="Result of archiveAgent.")
class ArchiveAgentPayload:
    agent: Annotated[Agent, described("The agent, archived.")]


@strawberry.type
class AgentMutations:
    """A part of ``graph.api.mutations.Mutation``."""

    @strawberry.mutation(
        description="Publishes a definition as the current version of the tenant's agent of its name, in one"
        " transaction; sessions keep the version that they were opened with. Idempotent: the definition of an earlier"
        " version makes that one current again. An invalid definition is refused with its problems"
        " (extensions.problems), and changes nothing."
    )
    async def publish_agent(self, info: Info, input: PublishAgentInput) -> PublishAgentPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        definition = await info.context.parts.texts.run(viewer.tenant_id, given_definition, input.definition)
        found = await info.context.parts.database.run(
            lambda session: agents.publish_agent(
                session,
                tenant_id=viewer.tenant_id,
                definition=definition,
                published_by=viewer.key_id,
                expected_version=input.expected_version,
                draft=input.draft,
            )
        )
        source = info.context.loaders
        return PublishAgentPayload(
            warnings=await warnings_of(info, viewer.tenant_id, input.definition, definition),
            agent=Agent(row=found.agent, source=source, asked=found.version),
            version=AgentVersion(row=found.version, source=source),
            is_new=found.is_new,
        )

    @strawberry.mutation(
        description="Archives an agent: no session can be created with it until it is published again; open sessions go"
        " on. Idempotent."
    )
    async def archive_agent(self, info: Info, input: ArchiveAgentInput) -> ArchiveAgentPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        row = await info.context.parts.database.run(
            lambda session: agents.archive_agent(session, tenant_id=viewer.tenant_id, name=input.name)
        )
        return ArchiveAgentPayload(agent=Agent(row=row, source=info.context.loaders))
