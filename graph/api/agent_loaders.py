"""DataLoaders of agents: the current versions of several agents, and definitions, in one statement each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import Text, cast, func, select
from strawberry.dataloader import DataLoader

from db.agents.definition import AgentDefinition
from db.agents.pinned import read_definition
from db.commands.agents import current_number, list_agents
from db.models.agents import Agent, AgentVersion
from db.postgres.database import Database
from graph.guards.response_size import too_large

#: Most agents whose definitions ``capabilities`` reads.
_MAX_LISTED = 100


@dataclass(frozen=True, slots=True)
class CurrentVersion:
    """An agent's current version, or the newest of an agent that has drafts only, and the description in it."""

    row: AgentVersion
    description: str


class AgentLoaders:
    """``max_bytes``: of the definitions that one level of a query reads."""

    def __init__(self, database: Database, max_bytes: int) -> None:
        self._database = database
        self._max_bytes = max_bytes
        #: Current versions by the agent's id.
        self.current: DataLoader[UUID, CurrentVersion] = DataLoader(load_fn=self._current, cache=False)
        #: Definitions by the version's id, as Postgres stores them.
        self.definition: DataLoader[UUID, orjson.Fragment] = DataLoader(load_fn=self._definitions, cache=False)

    async def _current(self, agent_ids: list[UUID]) -> list[CurrentVersion]:
        query = (
            select(AgentVersion, AgentVersion.definition["description"].as_string())
            .join(Agent, (Agent.id == AgentVersion.agent_id) & (current_number() == AgentVersion.number))
            .where(Agent.id.in_(set(agent_ids)))
        )
        async with self._database.reading() as session:
            found = {
                row.agent_id: CurrentVersion(row, description) for row, description in await session.execute(query)
            }
        return [found[each] for each in agent_ids]

    async def _definitions(self, version_ids: Sequence[UUID]) -> list[orjson.Fragment]:
        """Raises QueryTooComplex if all of them are larger than a response may be."""
        wanted = AgentVersion.id.in_(set(version_ids))
        text = cast(AgentVersion.definition, Text)
        async with self._database.reading() as session:
            size = await session.scalar(select(func.sum(func.octet_length(text))).where(wanted))
            if size is not None and size > self._max_bytes:
                raise too_large(self._max_bytes)
            rows = await session.execute(select(AgentVersion.id, text).where(wanted))
            found = {version_id: orjson.Fragment(definition) for version_id, definition in rows}
        return [found[each] for each in version_ids]


async def spoken_languages(database: Database, tenant_id: UUID) -> Sequence[str]:
    """The languages of the current versions of a tenant's agents that are not archived."""
    query = (
        select(func.unnest(AgentVersion.languages))
        .join(Agent, (Agent.id == AgentVersion.agent_id) & (Agent.version == AgentVersion.number))
        .where(Agent.tenant_id == tenant_id, Agent.archived_at.is_(None))
        .distinct()
    )
    async with database.reading() as session:
        return (await session.scalars(query)).all()


async def current_agents(database: Database, tenant_id: UUID) -> Sequence[tuple[int, AgentDefinition]]:
    """The first agents of a tenant by name: the number of the current version, and its definition."""
    async with database.reading() as session:
        found = await list_agents(session, tenant_id=tenant_id, limit=_MAX_LISTED)
    agents = []
    for each in found:
        definition = await read_definition(database.reader, each.version.id, each.version.checksum)
        agents.append((each.version.number, definition))
        await asyncio.sleep(0)  # one that is not known yet takes milliseconds to parse
    return agents
