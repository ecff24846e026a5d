"""Publishes the built-in agents to tenants: at the creation of a tenant, and when a newer release starts."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from sqlalchemy import CursorResult, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import ARRAY, Integer, LargeBinary, String, Uuid

from db.agents.builtin import builtin_agents
from db.postgres.database import Database

#: Most versions of an agent that one transaction publishes.
_BATCH = 100

_VALUES = (
    bindparam("tenant_id", type_=Uuid()),
    bindparam("name", type_=String()),
    bindparam("definition", type_=String()),
    bindparam("checksum", type_=LargeBinary()),
    bindparam("languages", type_=ARRAY(String(2))),
    bindparam("batch", type_=Integer()),
)

#: To tenants without an agent of this name. In the order of ids: two processes may start at once.
_FIRST = text("""
with added as (
  insert into agents (id, tenant_id, name, version)
  select gen_random_uuid(), tenants.id, :name, 1 from tenants
  where (cast(:tenant_id as uuid) is null or tenants.id = :tenant_id)
    and not exists (select from agents where agents.tenant_id = tenants.id and agents.name = :name)
  order by tenants.id limit :batch
  on conflict (tenant_id, name) do nothing
  returning id, tenant_id
)
insert into agent_versions (id, tenant_id, agent_id, number, definition, checksum, languages, builtin)
select gen_random_uuid(), tenant_id, id, 1, cast(:definition as json), :checksum, :languages, true from added
""").bindparams(*_VALUES)

#: To tenants whose current version is a built-in one, unless they had this definition before: a process of an earlier
#: release that starts again takes nothing back.
_NEWER = text("""
with outdated as (
  select agents.id, agents.tenant_id, agents.version from agents
  join agent_versions current on current.agent_id = agents.id and current.number = agents.version
  where agents.name = :name and agents.archived_at is null and current.builtin
    and (cast(:tenant_id as uuid) is null or agents.tenant_id = :tenant_id)
    and not exists (
      select from agent_versions known where known.agent_id = agents.id and known.checksum = :checksum
    )
  order by agents.id limit :batch for update of agents
), added as (
  insert into agent_versions (id, tenant_id, agent_id, number, definition, checksum, languages, builtin)
  select gen_random_uuid(), tenant_id, id,
    (select max(number) + 1 from agent_versions where agent_versions.agent_id = outdated.id),
    cast(:definition as json), :checksum, :languages, true
  from outdated
  on conflict do nothing
  returning agent_id, number
)
update agents set version = added.number from added where agents.id = added.agent_id
""").bindparams(*_VALUES)


async def publish_to_all_tenants(database: Database) -> None:
    """Publishes the built-in agents to every tenant, in transactions of bounded size. Idempotent."""
    while await database.run(publish_builtin_agents):
        pass


async def publish_builtin_agents(session: AsyncSession, tenant_id: UUID | None = None) -> int:
    """Publishes the built-in agents to one tenant, or to up to 100; returns how many versions it published.

    A tenant's own agent of the same name stays, and so does an archived one. A newer definition is published as the
    next version only where the current version is a built-in one. Sessions keep the version they were opened with.
    """
    published = 0
    for agent in builtin_agents().values():
        values = {
            "tenant_id": tenant_id,
            "name": agent.name,
            "definition": agent.to_json(),
            "checksum": bytes.fromhex(agent.checksum),
            "languages": agent.languages,
            "batch": _BATCH,
        }
        for statement in (_FIRST, _NEWER):
            published += cast("CursorResult[object]", await session.execute(statement, values)).rowcount
    return published
