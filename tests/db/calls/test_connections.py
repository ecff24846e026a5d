"""Connections of a live call: the first and later ones, losing them, who may connect, and calls that nobody holds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from db.calls import commits, connections
from db.calls.fence import CallFenced
from db.calls.sweep import find_stale, sweep
from db.calls.values import CallEvent, CallWrite, Segment
from db.commands.calls import close_call
from db.enums import CallEndReason, EventType, LiveCallStatus
from db.errors import Conflict, Forbidden, NotFound
from db.ids import new_id
from db.postgres.database import Database
from db.turns.live_values import Eagerness, TurnTaking
from db.viewer import Viewer
from tests.conftest import holder_of
from tests.db.calls.rows import began, call_of, connect_to, connected, names, open_call, owner, spoken
from tests.db.rows import events_of, everything, open_session, scalar


async def execute(database: Database, statement: str) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement))


async def swept(database: Database, lost_seconds: float = 8) -> int:
    async with database.reading() as session:
        stale = await find_stale(session, lost_seconds=lost_seconds, limit=10)
    for session_id, call_id in stale:
        async with database.transaction() as session:
            await sweep(session, session_id, call_id, lost_seconds=lost_seconds)
    return len(stale)


async def test_the_first_connection_begins_the_call(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    given = TurnTaking(Eagerness.HIGH, backchannels=("ok",))
    found = await connect_to(database, await open_call(database, viewer, session_id, turn_taking=given))
    assert (found.lease.connection, found.turns, found.elapsed_ms, found.heard, found.sounds) == (1, 0, 0, b"", 0)
    assert (found.language, found.persona, found.turn_taking) == ("en", "billing_agent", given)
    call = await call_of(database, found.lease.call_id)
    assert call.status is LiveCallStatus.CONNECTED
    assert call.connected_at == call.heartbeat_at == found.now
    assert await names(database, session_id) == ["CallStarted"]


async def test_a_later_connection_takes_the_call_up(database: Database, viewer: Viewer) -> None:
    call = await open_call(database, viewer, await open_session(database, viewer))
    first = await connect_to(database, call)
    await began(database, first, spoken(call.session_id, await owner(database)))
    writes = [CallWrite(segment=Segment(number, number * 1000, bytes([number]) * 32_000)) for number in (1, 2)]
    await commits.commit(database, first.lease, 1, writes)
    async with database.transaction() as session:
        await connections.drop(session, first.lease, 2)
    dropped = await call_of(database, call.id)
    assert (dropped.status, dropped.drops) == (LiveCallStatus.DROPPED, 1)
    second = await connect_to(database, call)
    assert (second.lease.connection, second.turns, second.sounds) == (2, 1, 2)
    assert second.heard == b"\1" * 32_000 + b"\2" * 32_000
    assert second.elapsed_ms == 3000
    resumed = await call_of(database, call.id)
    assert (resumed.status, resumed.dropped_at, resumed.step) == (LiveCallStatus.CONNECTED, None, 0)
    assert [name for name in await names(database, call.session_id) if name.startswith("Call")] == [
        "CallStarted",
        "CallDropped",
        "CallResumed",
    ]


async def test_a_connection_whose_answer_was_lost_is_not_made_twice(database: Database, viewer: Viewer) -> None:
    """Else the process took its own connection for another process's, and left the call that it has in memory."""
    call = await open_call(database, viewer, await open_session(database, viewer))
    tried: list[tuple[int, datetime]] = []

    async def connect() -> int:
        async with database.transaction() as session:
            given = await connections.connect(session, tenant_id=call.tenant_id, call_id=call.id, tried=tried)
        return given.lease.connection

    assert await connect() == 1
    tried.append((2, datetime.now(UTC)))  # a try that was rolled back
    assert await connect() == 1
    assert (await connect_to(database, call)).lease.connection == 2
    assert await connect() == 3, "connection 2 is another process's"
    assert (await names(database, call.session_id)) == ["CallStarted", "CallResumed", "CallResumed"]


async def test_only_the_newest_connection_writes(database: Database, viewer: Viewer) -> None:
    call = await open_call(database, viewer, await open_session(database, viewer))
    found = await asyncio.gather(*(connect_to(database, call) for _ in range(4)))
    assert sorted(each.lease.connection for each in found) == [1, 2, 3, 4]
    newest = max(found, key=lambda each: each.lease.connection)
    before = await everything(database)
    event = CallWrite((CallEvent(EventType.SPEECH_STARTED, data={"at_ms": 1}),))
    sound = CallWrite(segment=Segment(1, 0, b"\0\0"))
    for each in found:
        if each is not newest:
            for write in (event, sound):
                with pytest.raises(CallFenced):
                    await commits.commit(database, each.lease, 0, [write])
            with pytest.raises(CallFenced):
                async with database.transaction() as session:
                    await connections.drop(session, each.lease, 0)
            with pytest.raises(CallFenced):
                async with database.transaction() as session:
                    await connections.end(session, each.lease, 0, CallEndReason.CALLER)
    assert await everything(database) == before
    await commits.commit(database, newest.lease, 0, [event, sound])


async def test_who_may_connect(database: Database, viewer: Viewer, other_key: str) -> None:
    rival = await holder_of(database, other_key)
    call = await open_call(database, viewer, await open_session(database, viewer))
    for tenant_id, call_id in ((rival.tenant_id, call.id), (viewer.tenant_id, new_id())):
        with pytest.raises(NotFound):
            async with database.transaction() as session:
                await connections.connect(session, tenant_id=tenant_id, call_id=call_id)
    await execute(database, "update calls set opened_at = now() - interval '301 seconds'")
    with pytest.raises(Forbidden):
        await connect_to(database, call)
    await execute(database, "update calls set opened_at = now() - interval '290 seconds'")
    await connect_to(database, call)
    await execute(database, "update calls set opened_at = now() - interval '1 hour'")
    await connect_to(database, call)  # resuming has no such limit
    async with database.transaction() as session:
        await close_call(session, viewer, call_id=call.id)
    with pytest.raises(Conflict):
        await connect_to(database, call)


async def test_a_call_ends_once(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    await commits.commit(database, call.lease, 0, [CallWrite(segment=Segment(1, 0, b"\0\0"))])
    for _ in range(2):  # the second is a repeat, after a lost answer
        async with database.transaction() as session:
            await connections.end(session, call.lease, 1, CallEndReason.SILENCE)
    ended = await call_of(database, call.lease.call_id)
    assert (ended.status, ended.end_reason) == (LiveCallStatus.ENDED, CallEndReason.SILENCE)
    last = (await events_of(database, call.lease.session_id))[-1]
    assert (last.type, last.data["reason"]) == (EventType.CALL_ENDED, "SILENCE")
    assert await names(database, call.lease.session_id) == ["CallStarted", "CallEnded"]
    assert await scalar(database, "select count(*) from call_sounds") == 0
    assert await connections.has_ended(database, call.lease)
    with pytest.raises(CallFenced):
        await commits.commit(database, call.lease, 2, [CallWrite(segment=Segment(2, 0, b"\0\0"))])


async def test_a_call_whose_process_died_is_dropped_and_then_ended(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    await commits.commit(database, call.lease, 0, [CallWrite(segment=Segment(1, 0, b"\0\0"))])
    assert await swept(database) == 0
    await execute(database, "update calls set heartbeat_at = now() - interval '9 seconds'")
    assert await swept(database) == 1
    assert (await call_of(database, call.lease.call_id)).status is LiveCallStatus.DROPPED
    assert await swept(database) == 0, "the caller may come back"
    await execute(database, "update calls set dropped_at = now() - interval '46 seconds'")
    assert await connections.beat(database, [call.lease]) == {call.lease.call_id: LiveCallStatus.DROPPED}
    assert await swept(database) == 0, "its process holds it"
    await execute(database, "update calls set heartbeat_at = now() - interval '46 seconds'")
    assert await swept(database) == 1
    assert (await call_of(database, call.lease.call_id)).end_reason is CallEndReason.DROPPED
    assert await names(database, call.lease.session_id) == ["CallStarted", "CallDropped", "CallEnded"]
    assert await scalar(database, "select count(*) from call_sounds") == 0
    assert await connections.beat(database, [call.lease]) == {}


async def test_a_process_that_was_stopped_for_a_while_keeps_its_call(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    await execute(database, "update calls set heartbeat_at = now() - interval '9 seconds'")
    await swept(database)
    async with database.transaction() as session:
        await connections.resume(session, call.lease)
    assert (await call_of(database, call.lease.call_id)).status is LiveCallStatus.CONNECTED
    assert await names(database, call.lease.session_id) == ["CallStarted", "CallDropped", "CallResumed"]


async def test_a_call_that_nobody_connected_ends(database: Database, viewer: Viewer) -> None:
    call = await open_call(database, viewer, await open_session(database, viewer))
    assert await swept(database) == 0
    await execute(database, "update calls set opened_at = now() - interval '316 seconds'")
    assert await swept(database) == 1
    assert (await call_of(database, call.id)).end_reason is CallEndReason.DROPPED
    assert await swept(database) == 0


async def test_two_sweeps_end_a_call_once(database: Database, viewer: Viewer) -> None:
    call = await open_call(database, viewer, await open_session(database, viewer))
    await execute(database, "update calls set opened_at = now() - interval '316 seconds'")

    async def once() -> None:
        async with database.transaction() as session:
            await sweep(session, call.session_id, call.id, lost_seconds=8)

    await asyncio.gather(once(), once())
    assert await names(database, call.session_id) == ["CallEnded"]
