"""Publishes the built-in agents to tenants: at the creation of a tenant, and when a newer release starts."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import ARRAY, LargeBinary, String, Uuid

from db.agents.builtin import builtin_agents

_VALUES = (
    bindparam("tenant_id", type_=Uuid()),
    bindparam("name", type_=String()),
    bindparam("definition", type_=String()),
    bindparam("checksum", type_=LargeBinary()),
    bindparam("languages", type_=ARRAY(String(2))),
)

#: To tenants without an agent of this name. In the order of ids: two processes may start at once.
_FIRST = text("""
with added as (
  insert into agents (id, tenant_id, name, version)
  select gen_random_uuid(), tenants.id, :name, 1 from tenants
  where (cast(:tenant_id as uuid) is null or tenants.id = :tenant_id)
    and not exists (select from agents where agents.tenant_id = tenants.id and agents.name = :name)
  order by tenants.id
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
  order by agents.id for update of agents
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


async def publish_builtin_agents(session: AsyncSession, tenant_id: UUID | None = None) -> None:
    """Publishes the built-in agents to one tenant, or to all. Idempotent.

    A tenant's own agent of the same name stays, and so does an archived one. A newer definition is published as the
    next version only where the current version is a built-in one. Sessions keep the version they were opened with.
    """
    for agent in builtin_agents().values():
        values = {
            "tenant_id": tenant_id,
            "name": agent.name,
            "definition": agent.to_json(),
            "checksum": bytes.fromhex(agent.checksum),
            "languages": agent.languages,
        }
        await session.execute(_FIRST, values)
        await session.execute(_NEWER, values)
