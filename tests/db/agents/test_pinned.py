"""Sessions hold a version of their agent: what answers them, and what can open them."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents import pinned
from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.agents.pinned import agent_of, agents_of
from db.commands.agents import archive_agent, publish_agent
from db.commands.sessions import create_session
from db.enums import Channel
from db.errors import AgentNotFound, BadUserInput, InternalError, NotFound
from db.ids import new_id
from db.models.conversation import Session
from db.postgres.database import Database
from db.viewer import Viewer
from inference.journal.load_inputs import load_inputs, next_inputs
from tests.conftest import holder_of
from tests.db.agents.definitions import small_agent
from tests.db.rows import STORE, claimed, say

OLD = small_agent(languages=["de", "en"])
NEW = small_agent(languages=["en"], description="Takes reservations and orders.")


async def publish(database: Database, viewer: Viewer, definition: AgentDefinition) -> None:
    await database.run(partial(publish_agent, tenant_id=viewer.tenant_id, definition=definition))


async def open_session(
    database: Database, viewer: Viewer, *, language: str = "en", name: str = "desk", version: int | None = None
) -> UUID:
    async def create(session: AsyncSession) -> UUID:
        row = await create_session(
            session,
            viewer,
            customer_id="c",
            language=language,
            channel=Channel.WEB,
            persona=name,
            agent_version=version,
            metadata=None,
        )
        return row.id

    return await database.run(create)


async def held(database: Database, viewer: Viewer, session_id: UUID) -> AgentDefinition:
    """The session's definition, which all that read it agree on."""
    claim = await claimed(database, await say(database, viewer, session_id))
    loaded = await load_inputs(database, STORE, claim)
    async with database.reading() as session:
        found = await agent_of(session, session_id)
    assert loaded.agent == found == (await next_inputs(database, session_id)).agent
    return found


async def test_a_published_change_does_not_reach_open_sessions(database: Database, viewer: Viewer) -> None:
    await publish(database, viewer, OLD)
    before = await open_session(database, viewer)
    await publish(database, viewer, NEW)
    after = await open_session(database, viewer)
    chosen = await open_session(database, viewer, version=1, language="de-AT")
    await database.run(partial(archive_agent, tenant_id=viewer.tenant_id, name="desk"))
    assert [await held(database, viewer, each) for each in (before, after, chosen)] == [OLD, NEW, OLD]


async def test_no_session_is_opened_with_an_archived_agent(database: Database, viewer: Viewer) -> None:
    await publish(database, viewer, OLD)
    await database.run(partial(archive_agent, tenant_id=viewer.tenant_id, name="desk"))
    for version in (None, 1):
        with pytest.raises(AgentNotFound, match="The agent is archived: use one of billing_agent, "):
            await open_session(database, viewer, version=version)


async def test_agents_and_versions_that_are_not_there(database: Database, viewer: Viewer, other_key: str) -> None:
    await publish(database, viewer, OLD)
    with pytest.raises(AgentNotFound, match="no version 2: the current one is 1"):
        await open_session(database, viewer, version=2)
    rival = await holder_of(database, other_key)
    for version in (None, 1):
        with pytest.raises(AgentNotFound, match="No such agent: use one of billing_agent, retention_agent, "):
            await open_session(database, rival, version=version)


async def test_the_language_is_one_of_the_versions(database: Database, viewer: Viewer) -> None:
    await publish(database, viewer, OLD)
    await publish(database, viewer, NEW)
    for language in ("de", "de-AT", "fr"):
        with pytest.raises(BadUserInput, match="does not speak this language: use one of en"):
            await open_session(database, viewer, language=language)
    for language in ("en-GB", "auto"):
        await open_session(database, viewer, language=language)


async def test_a_session_of_an_earlier_release_has_the_current_version(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer, name="billing_agent")
    async with database.transaction() as session:
        await session.execute(text("update sessions set agent_version_id = null"))
    assert await held(database, viewer, session_id) == builtin_agents()["billing_agent"]
    async with database.transaction() as session:
        await session.execute(text("update sessions set persona = 'gone'"))
    with pytest.raises(InternalError, match="agent is not there"):
        await next_inputs(database, session_id)
    async with database.reading() as session:
        with pytest.raises(InternalError, match="agent is not there"):
            await agent_of(session, session_id)
        with pytest.raises(NotFound):
            await agent_of(session, new_id())


async def test_a_version_of_another_tenant_cannot_be_held(database: Database, viewer: Viewer, other_key: str) -> None:
    rival = await holder_of(database, other_key)
    await publish(database, viewer, OLD)
    mine = await open_session(database, viewer)
    foreign = await open_session(database, rival, name="billing_agent")
    async with database.reading() as session:
        row = await session.get_one(Session, mine)
    with pytest.raises(Exception, match="fk_sessions_tenant_id_agent_version_id"):
        async with database.transaction() as session:
            await session.execute(
                text("update sessions set agent_version_id = :version where id = :id"),
                {"version": row.agent_version_id, "id": foreign},
            )


async def test_a_definition_is_read_and_parsed_once(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlike = small_agent(description="Read once.")
    await publish(database, viewer, unlike)
    sessions = [await open_session(database, viewer) for _ in range(3)]
    parsed: list[bytes] = []
    parse = pinned._parse

    def counted(checksum: bytes, definition: str) -> AgentDefinition:
        parsed.append(checksum)
        return parse(checksum, definition)

    monkeypatch.setattr(pinned, "_parse", counted)
    found = [await held(database, viewer, each) for each in sessions]
    assert parsed == [bytes.fromhex(unlike.checksum)]
    assert all(each is found[0] for each in found)


async def test_the_cache_is_bounded(database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned, "_definitions", type(pinned._definitions)(30_000, getsizeof=lambda kept: kept[1]))
    monkeypatch.setattr(pinned, "_KEPT_CHARACTERS", 30_000)
    for number in range(12):
        await publish(database, viewer, small_agent(f"agent_{number}", instructions="x" * 5_000))
    async with database.reading() as session:
        found = await agents_of(session, viewer.tenant_id)
    assert [each.name for each in found] == [f"agent_{number}" for number in (0, 1, 10, 11, 2, 3)]
    assert len(pinned._definitions) == 5


async def test_a_definition_of_a_newer_release_is_an_error_that_says_so(database: Database, viewer: Viewer) -> None:
    await publish(database, viewer, OLD)
    session_id = await open_session(database, viewer)
    async with database.transaction() as session:
        await session.execute(text("alter table agent_versions disable trigger agent_versions_immutable"))
        await session.execute(
            text(
                "update agent_versions set definition = '{\"mood\": \"secret\"}', checksum = 'newer' where not builtin"
            )
        )
    with pytest.raises(InternalError, match="a newer one has published it") as error:
        await next_inputs(database, session_id)
    assert "secret" not in str(error.value.__cause__ or error.value)


async def test_a_thousand_agents_cost_an_idle_process_nothing(database: Database, viewer: Viewer) -> None:
    """What a start and an open session read does not grow with the tenant's agents."""
    statements: list[str] = []

    async def cost() -> int:
        statements.clear()
        await held(database, viewer, await open_session(database, viewer, name="billing_agent"))
        return len(statements)

    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    first = await cost()
    async with database.transaction() as session:
        await session.execute(
            text(
                "insert into agents (id, tenant_id, name, version) select gen_random_uuid(), :tenant, 'a' || n, 1"
                " from generate_series(1, 1000) n"
            ),
            {"tenant": viewer.tenant_id},
        )
        await session.execute(
            text(
                "insert into agent_versions (id, tenant_id, agent_id, number, definition, checksum, languages)"
                " select gen_random_uuid(), tenant_id, id, 1, '{}', name::bytea, '{en}' from agents"
                " where name like 'a%'"
            )
        )
    kept = len(pinned._definitions)
    assert await cost() == first
    assert len(pinned._definitions) == kept
