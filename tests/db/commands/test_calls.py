"""Commands on live calls: idempotency, one open call a session, validation, tenants, the end of the session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from db.calls.turn_taking import parse_turn_taking
from db.commands import sessions
from db.commands.calls import close_call, interrupt_reply
from db.enums import CallEndReason, CallTransport, LiveCallStatus
from db.errors import BadUserInput, Conflict, IdempotencyConflict, NotFound, SessionEnded
from db.ids import new_id
from db.models.calls import Call, CallSound
from db.postgres.database import Database
from db.turns.live_values import Eagerness, TurnTaking
from db.viewer import Viewer
from tests.conftest import holder_of
from tests.db.calls.rows import call_of, open_call
from tests.db.rows import events_of, open_session, scalar


async def connect(database: Database, call: Call) -> None:
    async with database.transaction() as session:
        await session.execute(update(Call).where(Call.id == call.id).values(status="CONNECTED", connection=1))


async def end_session(database: Database, viewer: Viewer, session_id: UUID) -> None:
    async with database.transaction() as session:
        await sessions.end_session(session, viewer, session_id=session_id)


async def test_a_call_keeps_what_it_was_opened_with(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    given = TurnTaking(Eagerness.LOW, 4000, interruptible=False, backchannels=("mhm", "ok"))
    call = await open_call(database, viewer, session_id, turn_taking=given, transport=CallTransport.TWILIO)
    stored = await call_of(database, call.id)
    assert parse_turn_taking(stored.turn_taking) == given
    assert (stored.tenant_id, stored.session_id, stored.language) == (viewer.tenant_id, session_id, "en")
    assert (stored.status, stored.transport) == (LiveCallStatus.OPENED, CallTransport.TWILIO)
    assert (stored.connection, stored.drops, stored.elapsed_ms, stored.record) == (0, 0, 0, False)
    assert await events_of(database, session_id) == []


async def test_a_repeat_is_the_same_call(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    found = await asyncio.gather(*(open_call(database, viewer, session_id, key="k") for _ in range(5)))
    assert len({call.id for call in found}) == 1
    with pytest.raises(IdempotencyConflict):
        await open_call(database, viewer, session_id, key="k", turn_taking=TurnTaking(Eagerness.HIGH))
    await end_session(database, viewer, session_id)
    again = await open_call(database, viewer, session_id, key="k")
    assert (again.id, again.status) == (found[0].id, LiveCallStatus.ENDED)
    with pytest.raises(SessionEnded):
        await open_call(database, viewer, session_id, key="another")


async def test_a_session_has_one_open_call(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    first = await open_call(database, viewer, session_id)
    second = await open_call(database, viewer, session_id)  # the first has no connection
    replaced = await call_of(database, first.id)
    assert (replaced.status, replaced.end_reason) == (LiveCallStatus.ENDED, CallEndReason.DROPPED)
    await connect(database, second)
    with pytest.raises(Conflict):
        await open_call(database, viewer, session_id)
    assert [event.type.value for event in await events_of(database, session_id)] == ["CallEnded"]
    racers = [open_call(database, viewer, await open_session(database, viewer)) for _ in range(3)]
    assert len({call.session_id for call in await asyncio.gather(*racers)}) == 3


async def test_turn_taking_is_bounded(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    wrong = [
        TurnTaking(max_silence_ms=199),
        TurnTaking(max_silence_ms=10_001),
        TurnTaking(max_silence_ms=-(10**12)),
        TurnTaking(backchannels=("ok",) * 51),
        TurnTaking(backchannels=("o" * 41,)),
        TurnTaking(backchannels=("",)),
        TurnTaking(backchannels=("a\x00b",)),
        TurnTaking(backchannels=("\ud800",)),
    ]
    for settings in wrong:
        with pytest.raises(BadUserInput):
            await open_call(database, viewer, session_id, turn_taking=settings)
    for key in ("", " ", "k" * 201, "a\x00"):
        with pytest.raises(BadUserInput):
            await open_call(database, viewer, session_id, key=key)
    assert await scalar(database, "select count(*) from calls") == 0


async def test_a_closed_call_has_ended_once(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    call = await open_call(database, viewer, session_id)
    async with database.transaction() as session:
        session.add(CallSound(call_id=call.id, seq=1, at_ms=0, data=b"\0\0"))
    for _ in range(2):
        async with database.transaction() as session:
            closed = await close_call(session, viewer, call_id=call.id)
        assert (closed.status, closed.end_reason) == (LiveCallStatus.ENDED, CallEndReason.CLOSED)
        assert closed.ended_at is not None
    (event,) = await events_of(database, session_id)
    assert (event.type.value, event.data) == ("CallEnded", {"call_id": str(call.id), "reason": "CLOSED"})
    assert await scalar(database, "select count(*) from call_sounds") == 0
    assert await scalar(database, "select status from sessions") == "OPEN", "the session goes on"


async def test_the_end_of_the_session_ends_its_call_first(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    call = await open_call(database, viewer, session_id)
    await end_session(database, viewer, session_id)
    assert [event.type.value for event in await events_of(database, session_id)] == ["CallEnded", "SessionEnded"]
    assert (await call_of(database, call.id)).end_reason is CallEndReason.CLOSED


async def heard(database: Database, commands: Callable[[], Awaitable[object]], count: int) -> list[Any]:
    """The payloads on the channel of calls until there are ``count``."""
    listener = await database.connect()
    found: asyncio.Queue[Any] = asyncio.Queue()
    await listener.add_listener("voxloom_calls", lambda *given: found.put_nowait(given[3]))
    try:
        await commands()
        async with asyncio.timeout(10):
            return [await found.get() for _ in range(count)]
    finally:
        await listener.close()


async def test_the_process_of_a_call_is_notified(database: Database, viewer: Viewer) -> None:
    call = await open_call(database, viewer, await open_session(database, viewer))

    async def commands() -> None:
        for command in (interrupt_reply, close_call, interrupt_reply):
            async with database.transaction() as session:
                await command(session, viewer, call_id=call.id)

    await connect(database, call)
    told = await heard(database, commands, 2)
    assert [json.loads(each) for each in told] == [
        {"call": str(call.id), "signal": signal, "connection": 1} for signal in ("interrupt", "ended")
    ]


async def test_another_tenant_finds_no_call(database: Database, viewer: Viewer, other_key: str) -> None:
    rival = await holder_of(database, other_key)
    session_id = await open_session(database, viewer)
    call = await open_call(database, viewer, session_id)
    with pytest.raises(NotFound):
        await open_call(database, rival, session_id)
    for command in (close_call, interrupt_reply):
        for who, wrong in ((rival, call.id), (viewer, new_id())):
            with pytest.raises(NotFound):
                async with database.transaction() as session:
                    await command(session, who, call_id=wrong)
    assert (await call_of(database, call.id)).status is LiveCallStatus.OPENED


async def test_a_new_call_changes_the_version_of_the_conversation(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    version = "select last_seq || ':' || xmin::text from sessions"
    before = await scalar(database, version)
    await open_call(database, viewer, session_id)
    assert await scalar(database, version) != before
