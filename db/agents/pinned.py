"""The definitions that sessions hold, parsed once a process by checksum."""

from __future__ import annotations

from uuid import UUID

from cachetools import LRUCache
from pydantic import ValidationError
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.definition import AgentDefinition
from db.errors import InternalError, NotFound
from db.models.agents import AgentVersion
from db.postgres.reader import Reader

#: Characters of JSON whose definitions are kept.
_KEPT_CHARACTERS = 32_000_000

#: A session's version; a session without one, of a release before agent versions, has its agent's current version.
_VERSION = """coalesce(sessions.agent_version_id, (
    select current.id from agents join agent_versions current
      on current.agent_id = agents.id and current.number = agents.version
    where agents.tenant_id = sessions.tenant_id and agents.name = sessions.persona))"""

#: For the FROM clause of a statement over ``sessions``: the row ``pinned`` of the session's version.
PINNED_JOIN = f"left join agent_versions pinned on pinned.id = {_VERSION}"

_OF_SESSION = text(f"select pinned.id, pinned.checksum from sessions {PINNED_JOIN} where sessions.id = :id")  # noqa: S608

_OF_TENANT = text("""
select versions.id, versions.checksum from agents
join agent_versions versions on versions.agent_id = agents.id and versions.number = agents.version
where agents.tenant_id = :tenant_id and agents.archived_at is null order by agents.name
""")

_DEFINITION = "select definition::text from agent_versions where id = $1::uuid"
_DEFINITION_OF = text("select definition::text from agent_versions where id = :id")

_definitions: LRUCache[bytes, tuple[AgentDefinition, int]] = LRUCache(_KEPT_CHARACTERS, getsizeof=lambda kept: kept[1])


async def agent_of(session: AsyncSession, session_id: UUID) -> AgentDefinition:
    """The definition that a session holds. Raises NotFound for an unknown session."""
    row = (await session.execute(_OF_SESSION, {"id": session_id})).one_or_none()
    if row is None:
        raise NotFound("No such session.")
    version_id, checksum = row
    return await _read(session, known_version(version_id), checksum)


async def agents_of(session: AsyncSession, tenant_id: UUID) -> list[AgentDefinition]:
    """The current definitions of the tenant's agents that are not archived, by name.

    Of very many or very large ones the first, as many as the cache holds.
    """
    found: list[AgentDefinition] = []
    left = _KEPT_CHARACTERS
    for version_id, checksum in (await session.execute(_OF_TENANT, {"tenant_id": tenant_id})).all():
        found.append(await _read(session, version_id, checksum))
        left -= _definitions[checksum][1] if checksum in _definitions else _KEPT_CHARACTERS
        if left <= 0:
            break
    return found


async def _read(session: AsyncSession, version_id: UUID, checksum: bytes) -> AgentDefinition:
    kept = _definitions.get(checksum)
    if kept is not None:
        return kept[0]
    return _parse(checksum, (await session.execute(_DEFINITION_OF, {"id": version_id})).scalar_one())


async def read_definition(reader: Reader, version_id: UUID, checksum: bytes) -> AgentDefinition:
    """The definition of a version. ``checksum``: the version's."""
    kept = _definitions.get(checksum)
    if kept is not None:
        return kept[0]
    row = await reader.row(_DEFINITION, [version_id])
    assert row is not None
    return _parse(checksum, row[0])


def known_version(version_id: UUID | None) -> UUID:
    """The id of a session's version. Raises InternalError for None: the session's agent was never published."""
    if version_id is None:
        raise InternalError("The session's agent is not there: it was opened by an earlier release with another agent.")
    return version_id


def _parse(checksum: bytes, definition: str) -> AgentDefinition:
    try:
        parsed = AgentDefinition.model_validate_json(definition)
    except ValidationError:  # its text has the definition's
        raise InternalError("This release cannot read the agent's definition: a newer one has published it.") from None
    if len(definition) <= _KEPT_CHARACTERS:
        _definitions[checksum] = parsed, len(definition)
    return parsed


async def definition_of_version(session: AsyncSession, version_id: UUID) -> AgentDefinition:
    """The definition of a version that is there."""
    found = select(AgentVersion.checksum).where(AgentVersion.id == version_id)
    return await _read(session, version_id, (await session.execute(found)).scalar_one())
