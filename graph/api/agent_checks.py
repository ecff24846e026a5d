"""The GraphQL query that checks a definition of an agent without storing it."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated

import strawberry
from sqlalchemy import select
from strawberry.scalars import JSON

from db.agents.changes import ChangeKind, changes
from db.agents.definition import AgentDefinition
from db.commands.agents import find_agent
from db.errors import AgentNotFound, InvalidDefinition
from db.json_value import Json
from db.models.agents import AgentVersion
from graph.api.agent_definitions import given_definition, warnings_of
from graph.api.context import Info
from graph.api.descriptions import described

#: Most changes that are told.
_MAX_CHANGES = 100

strawberry.enum(ChangeKind, description="How a value of a definition differs.", name="AgentChangeKind")


@strawberry.type(description="What is wrong in a definition.")
class AgentProblem:
    message: Annotated[str, described("What is wrong, and what would be right.")]
    path: Annotated[str, described('The value, as scenarios[0].fields.amount; "" for the whole.')]
    line: Annotated[int | None, described("Its line, from 1; null if the definition is not a text.")]
    column: Annotated[int | None, described("Its column, from 1.")]


@strawberry.type(description="A difference between the current version of an agent and a definition.")
class AgentChange:
    path: Annotated[str, described("The value, as intents[refund].examples.en[0].")]
    kind: Annotated[ChangeKind, described("How it differs.")]


@strawberry.type(description="Result of checkAgent.")
class AgentCheck:
    problems: Annotated[list[AgentProblem], described("Why publishAgent would refuse it; [] if it would not.")]
    warnings: Annotated[list[str], described("What may be a mistake, as in publishAgent.")]
    name: Annotated[str | None, described("The agent's name; null if the definition is not valid.")]
    current_version: Annotated[
        int | None, described("The number of the agent's current version; null if none was published.")
    ]
    known_version: Annotated[int | None, described("The number of the version that has this definition already.")]
    changes: Annotated[
        list[AgentChange],
        described(f"How it differs from the current version, the first {_MAX_CHANGES}; [] if there is none."),
    ]


@strawberry.type
class AgentChecks:
    """A part of ``graph.api.queries.Query``."""

    @strawberry.field(
        description="Checks a definition as publishAgent does, and compares it with the agent's current version;"
        " stores nothing."
    )
    async def check_agent(
        self,
        info: Info,
        definition: Annotated[JSON, strawberry.argument(description="As in publishAgent.")],
    ) -> AgentCheck:
        viewer = await info.context.viewer()
        try:
            wanted = await info.context.parts.texts.run(viewer.tenant_id, given_definition, definition)
        except InvalidDefinition as error:
            return AgentCheck(
                problems=[
                    AgentProblem(message=each.message, path=each.path, line=each.line, column=each.column)
                    for each in error.problems
                ],
                warnings=[],
                name=None,
                current_version=None,
                known_version=None,
                changes=[],
            )
        async with info.context.parts.database.reading() as session:
            try:
                found = await find_agent(session, tenant_id=viewer.tenant_id, name=wanted.name)
            except AgentNotFound:
                found = None
            known = None
            if found is not None:
                known = await session.scalar(
                    select(AgentVersion.number).where(
                        AgentVersion.agent_id == found.agent.id,
                        AgentVersion.checksum == bytes.fromhex(wanted.checksum),
                    )
                )
            current = None if found is None or found.agent.version is None else found.version.definition
        differences: list[AgentChange] = []
        if current is not None:
            differences = await info.context.parts.texts.run(viewer.tenant_id, _changes, current, wanted)
        return AgentCheck(
            problems=[],
            warnings=await warnings_of(info, viewer.tenant_id, definition, wanted),
            name=wanted.name,
            current_version=None if found is None else found.agent.version,
            known_version=known,
            changes=differences,
        )


def _changes(current: Json, wanted: AgentDefinition) -> list[AgentChange]:
    found = changes(current, json.loads(wanted.to_json()))
    return [AgentChange(path=each.path, kind=each.kind) for each in islice(found, _MAX_CHANGES)]
