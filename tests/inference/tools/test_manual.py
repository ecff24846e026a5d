"""Tool calls by clients whose server fails, client disconnects or process dies: each call ends, and runs once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from db.commands.sessions import end_session, lock_session
from db.commands.turns import cancel_turn
from db.enums import EventType, ToolCallStatus
from db.errors import BadUserInput, Forbidden, Overloaded
from db.models.conversation import Session
from db.models.work import ToolCall
from db.postgres.database import Database
from db.turns import tool_calls
from db.turns.tool_calls import NewToolCall
from db.viewer import Viewer
from inference.tools import manual
from inference.tools.client import McpToolBox
from inference.tools.manual import ManualToolCalls
from inference.worker.abandoned_calls import AbandonedCalls
from tests.db.rows import claimed, end, events_of, eventually, everything, open_session, publish, say, scalar
from tests.inference.tools.shop import Shop


@dataclass
class Desk:
    """Calls tools for one session."""

    tools: ManualToolCalls
    database: Database
    viewer: Viewer
    session_id: UUID

    async def call(self, name: str = "shop__charge", key: str | None = None, **arguments: Any) -> ToolCall:
        return await self.tools.run(self.viewer, self.session_id, name=name, arguments=arguments, idempotency_key=key)

    async def statuses(self) -> list[str]:
        async with self.database.reading() as session:
            return [each.status.value for each in (await session.execute(ToolCall.__table__.select())).all()]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    opened = Shop("http", tmp_path)
    await opened.start()
    yield opened
    await opened.kill()


@pytest.fixture
async def desk(database: Database, viewer: Viewer, shop: Shop) -> AsyncIterator[Desk]:
    agent = await publish(database, viewer, tools=[{"server": "shop"}])
    session_id = await open_session(database, viewer, agent=agent)
    external = shop.settings.model_copy(update={"timeout_seconds": 3})
    async with McpToolBox(database, [external], lazy=True) as toolbox:
        tools = ManualToolCalls(database, toolbox)
        yield Desk(tools, database, viewer, session_id)
        await tools.close()


async def test_a_tool_of_an_external_server_is_run_and_recorded(desk: Desk, shop: Shop) -> None:
    call = await desk.call()
    assert (call.server, call.status, call.result) == ("shop", ToolCallStatus.ACCEPTED, {"ok": True, "n": 1})
    refused = await desk.call(how="refuse")
    assert (refused.status, refused.error) == (ToolCallStatus.FAILED, "The tool refused the call.")
    assert shop.runs == ["charge", "charge"]
    told = [event.type for event in await events_of(desk.database, desk.session_id)]
    assert told == [EventType.TOOL_CALL_STARTED, EventType.TOOL_CALL_FINISHED] * 2


@pytest.mark.parametrize("how", ["die", "error", "hang"])
async def test_a_call_without_an_answer_ends_unknown_and_a_resend_does_not_run_it(
    desk: Desk, shop: Shop, how: str
) -> None:
    call = await desk.call(key="key", how=how)
    assert call.status is ToolCallStatus.FAILED
    assert call.error is not None and call.error.startswith("OUTCOME_UNKNOWN: ")
    assert call.result is not None and call.result["outcome"] == "unknown"
    again = await desk.call(key="key", how=how)
    assert (again.id, again.error) == (call.id, call.error)
    assert shop.runs == ["charge"]


async def test_a_server_that_is_down_did_nothing(desk: Desk, shop: Shop) -> None:
    await shop.kill()
    call = await desk.call()
    assert call.status is ToolCallStatus.FAILED
    assert call.error == "ENGINE_UNAVAILABLE: The MCP server shop cannot be reached."
    assert shop.runs == []


async def test_a_session_whose_agent_does_not_name_the_server_cannot_call_it(desk: Desk, shop: Shop) -> None:
    plain = Desk(desk.tools, desk.database, desk.viewer, await open_session(desk.database, desk.viewer))
    limited = await publish(
        desk.database, desk.viewer, name="limited", tools=[{"server": "shop", "allow": ["look_up"]}]
    )
    looks = Desk(desk.tools, desk.database, desk.viewer, await open_session(desk.database, desk.viewer, agent=limited))
    before = await everything(desk.database)
    for each in (plain, looks):
        with pytest.raises(BadUserInput, match="Unknown tool"):
            await each.call()
    await shop.kill()  # what a server that is down has is unknown, what the definition allows is not
    with pytest.raises(BadUserInput, match="Unknown tool"):
        await plain.call()
    assert await everything(desk.database) == before
    assert shop.runs == []


async def test_a_fork_without_external_tools_calls_none(desk: Desk, shop: Shop) -> None:
    async with desk.database.transaction() as session:
        await session.execute(update(Session).where(Session.id == desk.session_id).values(external_tools=False))
    with pytest.raises(Forbidden):
        await desk.call()
    assert (await desk.call("find_crm_records")).status is ToolCallStatus.ACCEPTED
    assert shop.runs == []


@pytest.mark.parametrize("name", ["shop__steal", "other__charge", "charge", "__", "", "shop__", "shop__bad name\n"])
async def test_a_tool_that_does_not_exist_is_refused_and_nothing_written(desk: Desk, name: str) -> None:
    before = await everything(desk.database)
    with pytest.raises(BadUserInput, match="Unknown tool"):
        await desk.call(name)
    assert await everything(desk.database) == before


async def test_a_call_whose_client_vanished_is_run_to_its_end(desk: Desk, shop: Shop) -> None:
    waiting = asyncio.create_task(desk.call(how="hang"))
    await eventually(lambda: asyncio.sleep(0, shop.runs))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await desk.statuses() == ["PENDING"]
    await eventually(lambda: scalar(desk.database, "select error like 'OUTCOME_UNKNOWN: %' from tool_calls"))


async def test_a_stopping_server_ends_the_calls_it_runs(
    desk: Desk, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manual, "_CLOSE_SECONDS", 0.1)
    waiting = asyncio.create_task(desk.call(how="hang"))
    await eventually(lambda: asyncio.sleep(0, shop.runs))
    await desk.tools.close()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await scalar(desk.database, "select error from tool_calls") == (
        "OUTCOME_UNKNOWN: The server was stopped before the tool answered."
    )


async def test_resends_at_once_run_a_tool_once(desk: Desk, shop: Shop) -> None:
    calls = await asyncio.gather(*(desk.call(key="key") for _ in range(8)))
    assert {call.status for call in calls} == {ToolCallStatus.ACCEPTED}
    assert shop.runs == ["charge"]


async def test_a_resend_finds_a_call_whose_commit_is_not_told_yet(
    desk: Desk, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, committed, told = desk.database.run, asyncio.Event(), asyncio.Event()

    async def late(work: Any) -> Any:
        result = await commit(work)
        if not committed.is_set():
            committed.set()
            await told.wait()
        return result

    monkeypatch.setattr(desk.database, "run", late)
    first = asyncio.create_task(desk.call(key="key"))
    await committed.wait()
    second = asyncio.create_task(desk.call(key="key"))
    await asyncio.wait([second], timeout=0.3)  # a resend that finds nobody who runs the call ends within this time
    told.set()
    assert (await first).status is (await second).status is ToolCallStatus.ACCEPTED
    assert shop.runs == ["charge"]


async def test_a_call_that_another_process_runs_is_not_run_beside_it(desk: Desk, shop: Shop) -> None:
    begun = await _begin(desk, "shop__charge", "key")
    assert (await desk.call(key="key")).status is ToolCallStatus.PENDING
    assert shop.runs == []
    found = await _begin(desk, "find_crm_records", "other key", seconds=-1)  # repeatable, so it runs again
    call = await desk.call("find_crm_records", key="other key")
    assert (call.id, call.status) == (found, ToolCallStatus.ACCEPTED)
    assert call.deadline_at is not None and call.deadline_at > call.created_at
    assert begun != found


async def test_there_is_a_bound_to_what_runs_at_once(desk: Desk, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual, "_MAX_RUNNING", 1)
    waiting = asyncio.create_task(desk.call(how="hang"))
    await eventually(lambda: asyncio.sleep(0, shop.runs))
    with pytest.raises(Overloaded):
        await desk.call()
    waiting.cancel()


async def _begin(desk: Desk, name: str, key: str, *, seconds: float = 60) -> UUID:
    """A call as a dead process leaves it."""
    async with desk.database.transaction() as session:
        await lock_session(session, desk.viewer, desk.session_id)
        call = await tool_calls.begin_manual(
            session, desk.session_id, name=name, server="shop", arguments={}, idempotency_key=key, seconds=seconds
        )
    return call.id


@pytest.mark.parametrize("ended", [False, True])
async def test_a_call_whose_process_died_ends_unknown_once_nobody_can_run_it(desk: Desk, ended: bool) -> None:
    lost = await _begin(desk, "shop__charge", "key", seconds=-1)
    runs = await _begin(desk, "shop__charge", "other", seconds=60)
    if ended:
        async with desk.database.transaction() as session:
            await end_session(session, desk.viewer, session_id=desk.session_id)
    await asyncio.gather(*(AbandonedCalls(desk.database).end_all() for _ in range(3)))
    async with desk.database.reading() as session:
        call = await session.get_one(ToolCall, lost)
        assert call.status is ToolCallStatus.FAILED
        assert call.error is not None and call.error.startswith("OUTCOME_UNKNOWN: ")
        assert call.result is not None and call.result["outcome"] == "unknown"
        assert (await session.get_one(ToolCall, runs)).status is ToolCallStatus.PENDING
    told = [event.type for event in await events_of(desk.database, desk.session_id)]
    assert told[2:] == [EventType.SESSION_ENDED if ended else EventType.TOOL_CALL_FINISHED]
    before = await everything(desk.database)
    await AbandonedCalls(desk.database).end_all()
    assert await everything(desk.database) == before


@pytest.mark.parametrize("way", ["cancelled", "failed"])
async def test_a_turn_that_ends_before_its_tool_has_answered_leaves_no_pending_call(
    database: Database, viewer: Viewer, way: str
) -> None:
    from db.turns.values import Failure

    session_id = await open_session(database, viewer)
    turn_id = await say(database, viewer, session_id)
    claim = await claimed(database, turn_id)
    async with database.transaction() as session:
        call = NewToolCall(session_id, turn_id, 1, "shop__charge", "shop", {}, f"{turn_id}:0")
        await tool_calls.begin(session, call)
    if way == "cancelled":
        async with database.transaction() as session:
            await cancel_turn(session, viewer, turn_id=turn_id)
    else:
        await end(database, claim, Failure("INTERNAL", "It broke."))
    assert await scalar(database, "select error like 'OUTCOME_UNKNOWN: %' from tool_calls")
    told = [event.type for event in await events_of(database, session_id)]
    ended = EventType.TURN_CANCELLED if way == "cancelled" else EventType.TURN_FAILED
    assert told[-2:] == [EventType.TOOL_CALL_FINISHED, ended]
