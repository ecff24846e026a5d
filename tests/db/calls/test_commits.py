"""Commits of a call that are written behind it: order, repeats, segments that are cleared, reports of playback."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import select

from db.calls.commits import commit
from db.calls.fence import CallFenced
from db.calls.values import CallEvent, CallWrite, PlaybackReport, Segment
from db.enums import EventType, PlaybackSource
from db.models.conversation import Message, Turn
from db.postgres.database import Database
from db.turns.live_values import LiveTiming, Playback
from db.viewer import Viewer
from inference.journal.database_journal import DatabaseJournal
from tests.db.calls.rows import began, connected, names, owner, spoken
from tests.db.rows import STORE, events_of, everything, scalar

_VERSION = "select last_seq || ':' || xmin::text from sessions"


def heard(words: str, ms: int) -> Playback:
    return Playback(words, ms, 2000, interrupted=False, source=PlaybackSource.ACKS)


def event(at_ms: int) -> CallWrite:
    return CallWrite((CallEvent(EventType.SPEECH_STARTED, data={"at_ms": at_ms}),), elapsed_ms=at_ms)


def segment(number: int) -> CallWrite:
    return CallWrite(segment=Segment(number, number * 1000, b"\0\0"))


async def numbers(database: Database) -> list[int]:
    found: list[int] | None = await scalar(database, "select array_agg(seq order by seq) from call_sounds")
    return found or []


async def test_writes_are_made_in_order_and_once(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    writes = [event(3), segment(1), event(1), event(2)]
    await commit(database, call.lease, 0, writes)
    before = await everything(database)
    await commit(database, call.lease, 0, writes)  # the answer was lost
    assert await everything(database) == before
    found = await events_of(database, call.lease.session_id)
    assert [(each.seq, each.data.get("at_ms")) for each in found] == [(1, None), (2, 3), (3, 1), (4, 2)]
    assert await numbers(database) == [1]
    assert await scalar(database, "select elapsed_ms from calls") == 3
    with pytest.raises(CallFenced):
        await commit(database, call.lease, 5, [event(4)])


async def test_cleared_segments_are_gone(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    await commit(database, call.lease, 0, [segment(1), segment(2)])
    await commit(database, call.lease, 1, [segment(3), CallWrite(clears=3), segment(4)])
    assert await numbers(database) == [4]


async def test_audio_alone_does_not_change_the_conversation(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    before = await scalar(database, _VERSION)
    await commit(database, call.lease, 0, [segment(1)])
    assert await scalar(database, _VERSION) == before
    await commit(database, call.lease, 1, [event(1)])
    assert await scalar(database, _VERSION) != before


async def test_a_later_report_of_playback_replaces_an_earlier_one(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    claim, _ = await began(database, call, spoken(call.lease.session_id, await owner(database)))
    journal = DatabaseJournal(database, STORE, claim)
    await journal.reply_ready("It is twelve euros.", "en")
    await journal.turn_finished({}, None)
    row: Any = "select xmin::text from turns"
    before = await scalar(database, row)
    first, last = heard("It is", 400), heard("It is twelve euros.", 2000)
    timing = LiveTiming(0, 1000, first_audio_sent_ms=400.5)
    done = CallWrite((CallEvent(EventType.PLAYBACK_FINISHED, claim.turn_id, {"heard_ms": 2000}),))
    await commit(
        database,
        call.lease,
        1,
        [
            CallWrite(report=PlaybackReport(claim.turn_id, first, timing)),
            CallWrite(report=PlaybackReport(claim.turn_id, last, timing)),
            done,
        ],
    )
    async with database.reading() as session:
        reply = (await session.execute(select(Message).where(Message.role == "ASSISTANT"))).scalar_one()
        turn = (await session.execute(select(Turn))).scalar_one()
        user = (await session.execute(select(Message).where(Message.role == "USER"))).scalar_one()
    assert (reply.playback, reply.text) == (asdict(last), "It is twelve euros.")
    assert (turn.live, user.playback) == (asdict(timing), None)
    assert await scalar(database, row) != before, "caches see that an ended turn has changed"
    assert (await names(database, call.lease.session_id))[-1] == "PlaybackFinished"


async def test_a_turn_of_another_session_is_not_touched(database: Database, viewer: Viewer) -> None:
    call, other = await connected(database, viewer), await connected(database, viewer)
    claim, _ = await began(database, other, spoken(other.lease.session_id, await owner(database)))
    report = PlaybackReport(claim.turn_id, heard("no", 1), LiveTiming(7, 7))
    await commit(database, call.lease, 0, [CallWrite(report=report)])
    assert await scalar(database, "select live ->> 'speech_started_ms' from turns") == "0"
