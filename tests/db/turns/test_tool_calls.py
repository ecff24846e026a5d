"""Tool calls and CRM records: idempotency keys, one record per call, results and errors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from db.agents.builtin import builtin_agents
from db.commands.sessions import lock_session
from db.enums import EventType, ToolCallStatus
from db.errors import BadUserInput, IdempotencyConflict, NotFound
from db.ids import new_id
from db.models.work import ToolCall
from db.postgres.database import Database
from db.turns import tool_calls
from db.turns.crm import file_record, find_records
from db.turns.tool_calls import NewToolCall
from db.viewer import Viewer
from tests.db.rows import events_of, everything, open_session, say, scalar

_AGENT = builtin_agents()["billing_agent"]

_GOOD = {"query": "the bill is too high", "intent": "overcharge", "name": "Ana", "priority": "HIGH"}


async def begin(database: Database, session_id: UUID, key: str = "k", turn_id: UUID | None = None) -> UUID:
    async with database.transaction() as session:
        call = NewToolCall(session_id, turn_id, 1, "billing_query", "crm", _GOOD, key)
        return (await tool_calls.begin(session, call)).id


async def file(
    database: Database, viewer: Viewer, session_id: UUID, call_id: UUID, payload: Mapping[str, Any] = _GOOD
) -> Mapping[str, Any]:
    async with database.transaction() as session:
        call = await tool_calls.lock(session, viewer.tenant_id, session_id, call_id)
        return await file_record(session, call, _AGENT, "billing_query", payload)


async def stored(database: Database, call_id: UUID) -> ToolCall:
    async with database.reading() as session:
        return await session.get_one(ToolCall, call_id)


async def test_a_repeated_key_begins_no_second_call(database: Database, viewer: Viewer) -> None:
    session_id, other = [await open_session(database, viewer) for _ in range(2)]
    begun = await asyncio.gather(*(begin(database, session_id) for _ in range(8)))
    assert len(set(begun)) == 1
    assert (await stored(database, begun[0])).status is ToolCallStatus.PENDING
    assert await begin(database, session_id, "another") != begun[0]
    assert await begin(database, other) != begun[0], "keys are a session's own"


async def test_a_call_that_runs_twice_files_one_record(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    call_id = await begin(database, session_id, turn_id=await say(database, viewer, session_id))
    results = await asyncio.gather(*(file(database, viewer, session_id, call_id) for _ in range(8)))
    assert all(result == results[0] for result in results)
    assert results[0]["ok"] is True
    assert await scalar(database, "select count(*) from crm_records") == 1
    call = await stored(database, call_id)
    assert (call.status, call.result, call.error) == (ToolCallStatus.ACCEPTED, results[0], None)
    assert call.finished_at is not None
    assert (call.duration_ms or -1) >= 0
    ends = [each for each in await events_of(database, session_id) if each.type is EventType.TOOL_CALL_FINISHED]
    assert [each.data for each in ends] == [{"tool_call_id": str(call_id)}]


async def test_a_record_has_the_payload_and_the_customer_id(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer, "customer-7")
    call_id = await begin(database, session_id)
    result = await file(database, viewer, session_id, call_id, {"query": "why\x00 so much", "intent": "billing"})
    async with database.reading() as session:
        (record,) = await find_records(session, session_id, scenario=None, limit=5)
    assert (record.customer_id, record.tenant_id, record.tool_call_id) == ("customer-7", viewer.tenant_id, call_id)
    assert (record.name, record.phone, record.account_id, record.details) == (None, None, None, {})
    assert (record.query, record.intent, record.priority) == ("why\ufffd so much", "billing", "NORMAL")
    assert result["record"]["reference"] == record.reference


_BAD: list[Mapping[str, Any]] = [
    {},
    {"query": "q"},
    {**_GOOD, "intent": "cancel"},
    {**_GOOD, "phone": "call me"},
    {**_GOOD, "secret-field": "4111"},
    {**_GOOD, "query": "x" * 2001},
    {**_GOOD, "priority": "SOON"},
    {**_GOOD, "name": "4111"},
]


async def test_an_invalid_payload_fails_the_call(database: Database, viewer: Viewer) -> None:
    for payload in _BAD:
        await _refused(database, viewer, payload)


async def _refused(database: Database, viewer: Viewer, payload: Mapping[str, Any]) -> None:
    session_id = await open_session(database, viewer)
    call_id = await begin(database, session_id)
    async with database.transaction() as session:
        call = await tool_calls.lock(session, viewer.tenant_id, session_id, call_id)
        result = await file_record(session, call, _AGENT, "billing_query", payload)
        assert (await stored(database, call_id)).status is ToolCallStatus.PENDING
        assert await events_of(database, session_id) == []
    row = await stored(database, call_id)
    assert (row.status, row.result) == (ToolCallStatus.FAILED, result)
    assert row.error
    assert "4111" not in row.error + str(result["errors"])
    assert result["ok"] is False
    assert all(set(each) == {"loc", "msg"} for each in result["errors"])
    assert [each.type for each in await events_of(database, session_id)] == [EventType.TOOL_CALL_FINISHED]
    assert await scalar(database, "select count(*) from crm_records") == 0
    assert await file(database, viewer, session_id, call_id, _GOOD) == result, "it has ended; it is not run again"


async def test_a_record_that_cannot_be_filed_leaves_the_call_pending(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await open_session(database, viewer)
    call_id = await begin(database, session_id)
    before = await everything(database)

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("db.turns.tool_calls.append", fail)
    with pytest.raises(RuntimeError):
        await file(database, viewer, session_id, call_id)
    assert await everything(database) == before


async def test_an_ended_call_is_not_changed(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    call_id = await begin(database, session_id)

    async def end(result: Mapping[str, Any] | None, error: str | None) -> None:
        async with database.transaction() as session:
            call = await tool_calls.lock(session, viewer.tenant_id, session_id, call_id)
            await tool_calls.end(session, call, result=result, error=error)

    await end({"ok": True, "n": 1}, None)
    before = await everything(database)
    await end({"ok": False}, "too late")
    await end(None, "too late")
    assert await everything(database) == before


async def test_another_tenants_call_is_not_found(database: Database, viewer: Viewer) -> None:
    session_id, other = [await open_session(database, viewer) for _ in range(2)]
    call_id = await begin(database, session_id)
    for tenant, owner, call in (
        (new_id(), session_id, call_id),
        (viewer.tenant_id, other, call_id),
        (viewer.tenant_id, session_id, new_id()),
        (viewer.tenant_id, new_id(), call_id),
    ):
        with pytest.raises(NotFound):
            async with database.transaction() as session:
                await tool_calls.lock(session, tenant, owner, call)


async def test_a_manual_call_is_idempotent(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)

    async def begin_manual(key: str = "k", arguments: Mapping[str, Any] = _GOOD, name: str = "billing_query") -> UUID:
        async with database.transaction() as session:
            await lock_session(session, viewer, session_id)
            call = await tool_calls.begin_manual(
                session, session_id, name=name, server="crm", arguments=arguments, idempotency_key=key
            )
            return call.id

    made = await asyncio.gather(*(begin_manual() for _ in range(8)))
    assert len(set(made)) == 1
    started = [each.type for each in await events_of(database, session_id)]
    assert started == [EventType.TOOL_CALL_STARTED]
    before = await everything(database)
    for changed in ({"arguments": {**_GOOD, "name": "Eve"}}, {"name": "complaint"}):
        with pytest.raises(IdempotencyConflict):
            await begin_manual(**changed)
    for key in ("", "x" * 151, "\x00"):
        with pytest.raises(BadUserInput):
            await begin_manual(key)
    assert await everything(database) == before


async def test_a_manual_call_cannot_use_a_turns_key(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    of_turn = await begin(database, session_id, "turn-1:0")
    async with database.transaction() as session:
        await lock_session(session, viewer, session_id)
        manual = await tool_calls.begin_manual(
            session, session_id, name="billing_query", server="crm", arguments=_GOOD, idempotency_key="turn-1:0"
        )
    assert manual.id != of_turn


async def test_find_records_finds_only_the_customers_records_in_all_sessions(
    database: Database, viewer: Viewer
) -> None:
    sessions = [await open_session(database, viewer, name) for name in ("ana", "ana", "ben")]
    for session_id in sessions:
        await file(database, viewer, session_id, await begin(database, session_id))
    async with database.reading() as session:
        found = await find_records(session, sessions[0], scenario=None, limit=10)
        assert [each.session_id for each in found] == [sessions[1], sessions[0]], "newest first"
        assert len(await find_records(session, sessions[0], scenario=None, limit=1)) == 1
        assert await find_records(session, sessions[0], scenario="complaint", limit=10) == []
