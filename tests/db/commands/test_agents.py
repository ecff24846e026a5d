"""Agents: publish, archive, find; built-in agents of tenants; publishing at the same time."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from types import MappingProxyType
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.agents.pinned import agents_of
from db.commands import agents
from db.commands import builtin_agents as builtin_commands
from db.commands.agents import (
    FoundAgent,
    archive_agent,
    find_agent,
    list_agents,
    list_versions,
    pinned_version,
    publish_agent,
)
from db.commands.builtin_agents import publish_to_all_tenants
from db.errors import AgentNotFound, BadUserInput, Conflict, PayloadTooLarge
from db.postgres.database import Database
from db.viewer import Viewer
from tests.conftest import holder_of
from tests.db.agents.definitions import small_agent


async def publish(
    database: Database,
    viewer: Viewer,
    definition: AgentDefinition,
    expected: int | None = None,
    *,
    draft: bool = False,
) -> FoundAgent:
    return await database.run(
        partial(
            publish_agent,
            tenant_id=viewer.tenant_id,
            definition=definition,
            published_by=viewer.key_id,
            expected_version=expected,
            draft=draft,
        )
    )


async def current(database: Database, tenant_id: UUID, name: str) -> tuple[int, bool]:
    """The number of the current version and whether it is built in."""
    async with database.reading() as session:
        found = await find_agent(session, tenant_id=tenant_id, name=name)
        return found.version.number, found.version.builtin


async def test_each_changed_definition_is_a_version_and_the_same_one_is_not(database: Database, viewer: Viewer) -> None:
    first, again = [await publish(database, viewer, small_agent()) for _ in range(2)]
    assert (first.version.number, first.version.id) == (1, again.version.id)
    changed = await publish(database, viewer, small_agent(description="Takes reservations and orders."))
    assert (changed.version.number, changed.is_current, changed.version.published_by) == (2, True, viewer.key_id)
    back = await publish(database, viewer, small_agent())
    assert (back.version.id, back.agent.version) == (first.version.id, 1), "an earlier version is current again"
    third = await publish(database, viewer, small_agent(description="Third."))
    assert third.version.number == 3
    async with database.reading() as session:
        found = await list_versions(session, tenant_id=viewer.tenant_id, name="desk")
        assert [each.version.number for each in found] == [3, 2, 1]
        found = await list_versions(session, tenant_id=viewer.tenant_id, name="desk", before=3, limit=1)
        assert [each.version.number for each in found] == [2]


async def test_a_definition_comes_back_as_it_was_published(database: Database, viewer: Viewer) -> None:
    for agent in (*builtin_agents().values(), small_agent(languages=["hi", "en"], greeting={"hi": "नमस्ते"})):
        await publish(database, viewer, agent)
        async with database.reading() as session:
            found = await find_agent(session, tenant_id=viewer.tenant_id, name=agent.name)
        stored = AgentDefinition.model_validate(found.version.definition)
        assert (stored, stored.checksum) == (agent, agent.checksum)
        assert found.version.checksum.hex() == agent.checksum
        assert json.dumps(found.version.definition, ensure_ascii=False, separators=(",", ":")) == agent.to_json()


async def test_the_order_of_fields_is_kept(database: Database, viewer: Viewer) -> None:
    """``jsonb`` would sort them by length."""
    await publish(database, viewer, small_agent())
    async with database.reading() as session:
        found = await find_agent(session, tenant_id=viewer.tenant_id, name="desk")
    assert list(found.version.definition["scenarios"][0]["fields"]) == ["people", "evening"]


async def test_lost_updates_are_refused(database: Database, viewer: Viewer) -> None:
    one, two, three = (small_agent(description=f"Definition {number}.") for number in range(3))
    with pytest.raises(Conflict, match="current version is 0, not 1"):
        await publish(database, viewer, one, expected=1)
    assert (await publish(database, viewer, one, expected=0)).version.number == 1
    assert (await publish(database, viewer, two, expected=1)).version.number == 2
    assert (await publish(database, viewer, two, expected=1)).version.number == 2, "the same request again"
    for stale in (0, 1, 3, 10**12):
        with pytest.raises(Conflict, match="current version is 2"):
            await publish(database, viewer, three, expected=stale)


async def test_publishing_at_the_same_time_is_serialised(database: Database, viewer: Viewer) -> None:
    made = [small_agent(description=f"Definition {number}.") for number in range(6)]
    found = await asyncio.gather(*(publish(database, viewer, each) for each in [*made, *made]))
    assert sorted({each.version.number for each in found}) == [1, 2, 3, 4, 5, 6]
    versions = {each.version.checksum.hex(): each.version.number for each in found}
    assert len(versions) == 6
    newest, _ = await current(database, viewer.tenant_id, "desk")
    others = [publish(database, viewer, small_agent(description=f"Next {each}."), newest) for each in range(4)]
    answers = await asyncio.gather(*others, return_exceptions=True)
    assert sum(isinstance(each, FoundAgent) for each in answers) == 1
    assert sum(isinstance(each, Conflict) for each in answers) == 3


async def test_versions_cannot_be_changed(database: Database, viewer: Viewer) -> None:
    await publish(database, viewer, small_agent())

    async def change(session: AsyncSession) -> None:
        await session.execute(text("update agent_versions set languages = '{de}'"))

    with pytest.raises(DBAPIError, match="immutable"):
        await database.run(change)


async def test_the_one_change_of_a_version_is_a_draft_that_is_published(database: Database, viewer: Viewer) -> None:
    await publish(database, viewer, small_agent())
    await publish(database, viewer, small_agent(description="A draft."), draft=True)
    for change in ("draft = true", "draft = false, number = 7", "published_at = now()"):
        with pytest.raises(DBAPIError, match="immutable"):
            await database.run(partial(AsyncSession.execute, statement=text(f"update agent_versions set {change}")))
    await database.run(partial(AsyncSession.execute, statement=text("update agent_versions set draft = false")))


async def test_a_draft_changes_nothing_until_it_is_published(database: Database, viewer: Viewer) -> None:
    one, two, three = (small_agent(description=f"Definition {number}.") for number in range(3))
    await publish(database, viewer, one)
    first, again = [await publish(database, viewer, two, 1, draft=True) for _ in range(2)]
    assert (first.version.number, first.version.draft, first.is_new, again.is_new) == (2, True, True, False)
    assert (first.is_current, again.version.id) == (False, first.version.id)
    assert await current(database, viewer.tenant_id, "desk") == (1, False)
    known = await publish(database, viewer, one, draft=True)
    assert (known.version.number, known.version.draft, known.is_current) == (1, False, True), "it was published"
    with pytest.raises(Conflict, match="current version is 1, not 2"):
        await publish(database, viewer, three, 2, draft=True)
    made = await publish(database, viewer, two, 1)
    assert (made.version.id, made.version.draft, made.is_new, made.is_current) == (first.version.id, False, False, True)


async def test_an_agent_of_drafts_only(database: Database, viewer: Viewer) -> None:
    drafts = [small_agent(description=f"Draft {number}.") for number in range(2)]
    for each in drafts:
        stored = await publish(database, viewer, each, 0, draft=True)
    assert (stored.agent.version, stored.version.number) == (None, 2)
    async with database.reading() as session:
        assert "desk" not in [each.agent.name for each in await list_agents(session, tenant_id=viewer.tenant_id)]
        assert len(await agents_of(session, viewer.tenant_id)) == len(builtin_agents()), "what MCP lists"
        found = await find_agent(session, tenant_id=viewer.tenant_id, name="desk")
        assert found.version.number == 2
        for number in (None, 3):
            with pytest.raises(AgentNotFound, match="draft"):
                await pinned_version(session, tenant_id=viewer.tenant_id, name="desk", number=number)
        pinned = await pinned_version(session, tenant_id=viewer.tenant_id, name="desk", number=1)
        assert (pinned.version.number, pinned.version.draft) == (1, True)
    with pytest.raises(AgentNotFound) as refused:
        await database.run(partial(find_agent, tenant_id=viewer.tenant_id, name="nobody"))
    assert "desk" not in refused.value.message
    assert (await publish(database, viewer, drafts[0], 0)).agent.version == 1
    assert await current(database, viewer.tenant_id, "desk") == (1, False)


async def test_drafts_are_bounded(database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.commands.agents.MAX_DRAFTS", 2)
    drafts = [small_agent(description=f"Draft {number}.") for number in range(3)]
    for each in drafts[:2]:
        await publish(database, viewer, each, draft=True)
    with pytest.raises(BadUserInput, match="2 drafts"):
        await publish(database, viewer, drafts[2], draft=True)
    assert (await publish(database, viewer, drafts[1], draft=True)).version.number == 2
    await publish(database, viewer, drafts[1])
    assert (await publish(database, viewer, drafts[2], draft=True)).version.number == 3


async def test_an_archived_agent_stays_archived_with_a_draft(database: Database, viewer: Viewer) -> None:
    await publish(database, viewer, small_agent())
    await database.run(partial(archive_agent, tenant_id=viewer.tenant_id, name="desk"))
    stored = await publish(database, viewer, small_agent(description="A draft."), draft=True)
    assert stored.agent.archived_at is not None
    async with database.reading() as session:
        with pytest.raises(AgentNotFound, match="archived"):
            await pinned_version(session, tenant_id=viewer.tenant_id, name="desk", number=2)


async def test_an_archived_agent_is_listed_on_request_and_comes_back(database: Database, viewer: Viewer) -> None:
    await publish(database, viewer, small_agent())
    archive = partial(archive_agent, tenant_id=viewer.tenant_id, name="desk")
    first, again = [await database.run(archive) for _ in range(2)]
    assert first.archived_at is not None
    assert first.archived_at == again.archived_at

    async def names(*, archived: bool = False) -> list[str]:
        async with database.reading() as session:
            found = await list_agents(session, tenant_id=viewer.tenant_id, archived=archived)
            return [each.agent.name for each in found]

    assert await names() == sorted(builtin_agents())
    assert await names(archived=True) == sorted([*builtin_agents(), "desk"])
    assert (await publish(database, viewer, small_agent())).agent.archived_at is None
    assert "desk" in await names()


async def test_agents_of_other_tenants_are_unknown(database: Database, viewer: Viewer, other_key: str) -> None:
    await publish(database, viewer, small_agent())
    rival = await holder_of(database, other_key)
    for lookup in (find_agent, archive_agent):
        with pytest.raises(AgentNotFound, match="No such agent: use one of billing_agent, "):
            await database.run(partial(lookup, tenant_id=rival.tenant_id, name="desk"))
    with pytest.raises(AgentNotFound, match="no version 2"):
        await database.run(partial(find_agent, tenant_id=viewer.tenant_id, name="desk", number=2))
    for number in (-1, 0, 2**31, 2**80):
        with pytest.raises(AgentNotFound):
            await database.run(partial(find_agent, tenant_id=viewer.tenant_id, name="desk", number=number))


async def test_limits(database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "MAX_AGENTS", 4)
    await publish(database, viewer, small_agent())
    with pytest.raises(BadUserInput, match="has 4 agents"):
        await publish(database, viewer, small_agent("second"))
    await database.run(partial(archive_agent, tenant_id=viewer.tenant_id, name="desk"))
    await publish(database, viewer, small_agent("second"))
    with pytest.raises(BadUserInput, match="has 4 agents"):  # neither does an archived one come back
        await publish(database, viewer, small_agent())
    monkeypatch.setattr(agents, "MAX_VERSIONS", 1)
    with pytest.raises(BadUserInput, match="has 1 versions"):
        await publish(database, viewer, small_agent("second", description="Changed."))
    monkeypatch.setattr(agents, "MAX_DEFINITION_BYTES", 1_000)
    with pytest.raises(PayloadTooLarge):
        await publish(database, viewer, small_agent("second", instructions="ü" * 500))


def with_builtin(monkeypatch: pytest.MonkeyPatch, *definitions: AgentDefinition) -> None:
    found = MappingProxyType({each.name: each for each in definitions})
    monkeypatch.setattr(builtin_commands, "builtin_agents", lambda: found)


async def test_a_new_tenant_has_the_builtin_agents(database: Database, viewer: Viewer) -> None:
    async with database.reading() as session:
        found = await list_agents(session, tenant_id=viewer.tenant_id)
    assert [(each.agent.name, each.version.number, each.version.builtin) for each in found] == [
        (name, 1, True) for name in sorted(builtin_agents())
    ]


async def test_a_newer_builtin_definition_replaces_builtin_versions_only(
    database: Database, viewer: Viewer, other_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rival = await holder_of(database, other_key)
    old, new = builtin_agents()["billing_agent"], small_agent("billing_agent")
    own = small_agent("billing_agent", description="Our own.")
    await publish(database, rival, own)
    with_builtin(monkeypatch, new)
    for _ in range(2):
        await asyncio.gather(*(publish_to_all_tenants(database) for _ in range(3)))
        assert await current(database, viewer.tenant_id, "billing_agent") == (2, True)
        assert await current(database, rival.tenant_id, "billing_agent") == (2, False)
    with_builtin(monkeypatch, old)  # a process of the earlier release starts again
    await publish_to_all_tenants(database)
    assert await current(database, viewer.tenant_id, "billing_agent") == (2, True)
    await database.run(partial(archive_agent, tenant_id=viewer.tenant_id, name="billing_agent"))
    with_builtin(monkeypatch, small_agent("billing_agent", description="The newest."))
    await publish_to_all_tenants(database)
    async with database.reading() as session:
        found = await find_agent(session, tenant_id=viewer.tenant_id, name="billing_agent")
    assert (found.version.number, found.agent.archived_at is None) == (2, False), "an archived agent stays archived"


async def test_a_new_builtin_agent_reaches_tenants_that_are_there(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_builtin(monkeypatch, small_agent("frontdesk"))
    await asyncio.gather(*(publish_to_all_tenants(database) for _ in range(3)))
    assert await current(database, viewer.tenant_id, "frontdesk") == (1, True)


async def test_many_tenants_get_them_in_several_transactions(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtin_commands, "_BATCH", 2)
    async with database.transaction() as session:
        await session.execute(
            text("insert into tenants (id, name) select gen_random_uuid(), n from generate_series(1, 9) n")
        )
    for definition in (small_agent("frontdesk"), small_agent("frontdesk", description="Newer.")):
        with_builtin(monkeypatch, definition)
        await publish_to_all_tenants(database)
        async with database.reading() as session:
            newest = text(
                "select count(*) from agents join agent_versions on agent_id = agents.id and version = number"
                " where name = 'frontdesk' and checksum = :checksum"
            )
            assert await session.scalar(newest, {"checksum": bytes.fromhex(definition.checksum)}) == 10
