"""Commands on agents: publish, archive, find, list. The caller commits.

Each finds only agents of the tenant that it is given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Select, Text, cast, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from db.agents.check import check_definition
from db.agents.definition import AgentDefinition
from db.agents.knowledge import request_passages
from db.agents.problems import path_of
from db.errors import AgentNotFound, BadUserInput, Conflict, InvalidDefinition, PayloadTooLarge, Problem
from db.ids import new_id
from db.models.agents import Agent, AgentVersion

#: Most agents of a tenant that are not archived.
MAX_AGENTS = 2_000

#: Most versions of an agent.
MAX_VERSIONS = 10_000

#: Most drafts of an agent: versions that were never published.
MAX_DRAFTS = 1_000

#: Most bytes of a definition as JSON, its knowledge included.
MAX_DEFINITION_BYTES = 4_000_000

_MAX_INTEGER = 2**31 - 1

#: ``db.agents.identifier.Identifier``.
_NAME = re.compile("[a-z][a-z0-9_]{0,63}", re.ASCII)

#: Most names in an error message.
_SHOWN_NAMES = 20

#: Publishing is serialised by tenant.
_LOCK = text("select pg_advisory_xact_lock(hashtextextended('agents of ' || :tenant_id, 0))")


@dataclass(frozen=True, slots=True)
class FoundAgent:
    """An agent and one of its versions. ``is_new``: whether the command has added it."""

    agent: Agent
    version: AgentVersion
    is_new: bool = False

    @property
    def is_current(self) -> bool:
        """Whether new sessions get this version."""
        return self.version.number == self.agent.version


async def publish_agent(
    session: AsyncSession,
    *,
    tenant_id: UUID,
    definition: AgentDefinition,
    published_by: UUID | None = None,
    expected_version: int | None = None,
    draft: bool = False,
) -> FoundAgent:
    """Makes a definition the current version of the tenant's agent of its name; running sessions keep theirs.

    Idempotent by checksum: the definition of an earlier version makes that version current again and adds none.
    An archived agent is available again. ``published_by``: the API key. ``expected_version``: the number of the current
    version that the definition was made from, 0 for a new agent; with another one nothing is published.

    ``draft``: the version is stored only, for sessions that name its number; nothing else changes. Publishing the same
    definition later makes it current. A definition that the agent has as a version already is found as it is.

    Raises InvalidDefinition; Conflict for another ``expected_version``; PayloadTooLarge; BadUserInput for too many
    agents, versions or drafts; EngineUnavailable for knowledge on a server without pgvector.
    """
    problems = check_definition(definition)
    if problems:
        raise InvalidDefinition([Problem(message, path_of(loc)) for loc, message, _ in problems])
    encoded = definition.to_json()
    if len(encoded.encode()) > MAX_DEFINITION_BYTES:
        raise PayloadTooLarge(f"The definition has more than {MAX_DEFINITION_BYTES} bytes as JSON.")
    await session.execute(_LOCK, {"tenant_id": str(tenant_id)})
    agent = await session.scalar(
        select(Agent).where(Agent.tenant_id == tenant_id, Agent.name == definition.name).with_for_update()
    )
    version = None if agent is None else await _known_version(session, agent, definition)
    current = 0 if agent is None else agent.version or 0
    is_current = version is not None and version.number == current  # also of a repeated request
    if expected_version is not None and expected_version != current and not is_current:
        raise Conflict(f"The agent's current version is {current}, not {expected_version}.")
    if agent is None or (agent.archived_at is not None and not draft):
        await _check_number_of_agents(session, tenant_id)
    if agent is None:
        agent = Agent(id=new_id(), tenant_id=tenant_id, name=definition.name, version=None)
        session.add(agent)
        await session.flush()
    is_new = version is None
    if version is None:
        if draft:
            await _check_number_of_drafts(session, agent)
        version = AgentVersion(
            id=new_id(),
            tenant_id=tenant_id,
            agent_id=agent.id,
            number=await _next_number(session, agent),
            definition=cast(literal(encoded, Text()), JSON()),
            checksum=bytes.fromhex(definition.checksum),
            languages=definition.languages,
            published_by=published_by,
            draft=draft,
        )
        session.add(version)
        await session.flush()
        if definition.knowledge:
            await request_passages(session, version)
    if not draft:
        version.draft = False
        agent.version, agent.archived_at = version.number, None
    await session.flush()
    await session.refresh(agent)
    await session.refresh(version)
    return FoundAgent(agent, version, is_new)


async def _known_version(session: AsyncSession, agent: Agent, definition: AgentDefinition) -> AgentVersion | None:
    checksum = bytes.fromhex(definition.checksum)
    return await session.scalar(
        select(AgentVersion).where(AgentVersion.agent_id == agent.id, AgentVersion.checksum == checksum)
    )


async def _check_number_of_agents(session: AsyncSession, tenant_id: UUID) -> None:
    available = select(func.count()).where(Agent.tenant_id == tenant_id, Agent.archived_at.is_(None))
    if (await session.execute(available)).scalar_one() >= MAX_AGENTS:
        raise BadUserInput(f"The tenant has {MAX_AGENTS} agents: archive one first.")


async def _check_number_of_drafts(session: AsyncSession, agent: Agent) -> None:
    drafts = select(func.count()).where(AgentVersion.agent_id == agent.id, AgentVersion.draft)
    if (await session.execute(drafts)).scalar_one() >= MAX_DRAFTS:
        raise BadUserInput(f"The agent has {MAX_DRAFTS} drafts: publish this definition, or give it another name.")


async def _next_number(session: AsyncSession, agent: Agent) -> int:
    newest = select(func.max(AgentVersion.number)).where(AgentVersion.agent_id == agent.id)
    number = (await session.scalar(newest) or 0) + 1
    if number > MAX_VERSIONS:
        raise BadUserInput(f"The agent has {MAX_VERSIONS} versions: publish it under another name.")
    return number


async def archive_agent(session: AsyncSession, *, tenant_id: UUID, name: str) -> Agent:
    """Archives an agent: no session can be created with it until it is published again; open sessions go on.

    Idempotent. Raises AgentNotFound.
    """
    agent = await session.scalar(
        select(Agent).where(Agent.tenant_id == tenant_id, Agent.name == _name(name)).with_for_update()
    )
    if agent is None:
        raise await agent_not_found(session, tenant_id, name)
    if agent.archived_at is None:
        agent.archived_at = await session.scalar(select(func.clock_timestamp()))
        await session.flush()
    return agent


async def find_agent(
    session: AsyncSession, *, tenant_id: UUID, name: str, number: int | None = None, definition: bool = True
) -> FoundAgent:
    """The tenant's agent of this name, also an archived one, and its version ``number``, or else the current one; of an
    agent that has drafts only, the newest.

    ``definition``: whether ``version.definition`` is loaded too, as JSON. Raises AgentNotFound.
    """
    wanted = current_number() if number is None else _number(number)
    query = _agents().where(Agent.tenant_id == tenant_id, Agent.name == _name(name), AgentVersion.number == wanted)
    if definition:
        query = query.options(undefer(AgentVersion.definition))
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise await agent_not_found(session, tenant_id, name, number)
    agent, version = row
    return FoundAgent(agent, version)


async def pinned_version(session: AsyncSession, *, tenant_id: UUID, name: str, number: int | None = None) -> FoundAgent:
    """The version that a new session gets: ``number``, which may be a draft's, or else the current one.

    Raises AgentNotFound, with the names of the tenant's agents, also for an archived agent, and for one that has drafts
    only and no ``number``.
    """
    found = await find_agent(session, tenant_id=tenant_id, name=name, number=number, definition=False)
    if found.agent.archived_at is not None or (number is None and found.agent.version is None):
        raise await agent_not_found(session, tenant_id, name)
    return found


async def list_agents(
    session: AsyncSession, *, tenant_id: UUID, archived: bool = False, after: str = "", limit: int = 100
) -> Sequence[FoundAgent]:
    """The tenant's agents with their current versions, by name, without their definitions; not those of drafts only.

    ``archived``: with those that are archived. ``after``: the last name of the page before.
    """
    query = _agents().where(
        Agent.tenant_id == tenant_id, Agent.name > _name(after), AgentVersion.number == Agent.version
    )
    if not archived:
        query = query.where(Agent.archived_at.is_(None))
    rows = await session.execute(query.order_by(Agent.name).limit(limit))
    return [FoundAgent(agent, version) for agent, version in rows]


async def list_versions(
    session: AsyncSession, *, tenant_id: UUID, name: str, before: int | None = None, limit: int = 100
) -> Sequence[FoundAgent]:
    """The versions of the tenant's agent of this name, newest first, without their definitions; [] for no such agent.

    ``before``: the last number of the page before.
    """
    query = _agents().where(Agent.tenant_id == tenant_id, Agent.name == _name(name))
    if before is not None:
        query = query.where(AgentVersion.number < _number(before))
    rows = await session.execute(query.order_by(AgentVersion.number.desc()).limit(limit))
    return [FoundAgent(agent, version) for agent, version in rows]


def current_number() -> ColumnElement[int]:
    """SQL: the number of an agent's current version; of an agent that has drafts only, of the newest."""
    version = AgentVersion.__table__.alias()
    newest = select(func.max(version.c.number)).where(version.c.agent_id == Agent.id).scalar_subquery()
    return func.coalesce(Agent.version, newest)


def _name(name: str) -> str:
    """The name, or "" for one that no agent can have: Postgres cannot be asked about some texts."""
    return name if _NAME.fullmatch(name) else ""


def _agents() -> Select[Agent, AgentVersion]:
    return select(Agent, AgentVersion).join(AgentVersion, AgentVersion.agent_id == Agent.id)


def _number(number: int) -> int:
    """The number within the column's range; no version has the ends of it."""
    return min(max(number, 0), _MAX_INTEGER)


async def agent_not_found(
    session: AsyncSession, tenant_id: UUID, name: str, number: int | None = None
) -> AgentNotFound:
    """The error for an agent that no session can be created with; names those that can be used."""
    wanted = select(Agent.version, Agent.archived_at).where(Agent.tenant_id == tenant_id, Agent.name == _name(name))
    agent = (await session.execute(wanted)).one_or_none()
    if agent is not None and agent.archived_at is None:
        if number is not None:
            return AgentNotFound(f"The agent has no version {number}: the current one is {agent.version or 'a draft'}.")
        if agent.version is None:
            return AgentNotFound("The agent has drafts only: publish one, or give the number of its version.")
    available = select(Agent.name).where(
        Agent.tenant_id == tenant_id, Agent.archived_at.is_(None), Agent.version.is_not(None)
    )
    names = (await session.scalars(available.order_by(Agent.name).limit(_SHOWN_NAMES + 1))).all()
    shown = ", ".join(names[:_SHOWN_NAMES]) + (", …" if len(names) > _SHOWN_NAMES else "")
    what = "No such agent" if agent is None else "The agent is archived"
    return AgentNotFound(f"{what}: use one of {shown}." if names else f"{what}.")
