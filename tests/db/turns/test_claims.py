"""Start and end of attempts, and SessionEnded after the last turn."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select, text

from db.audio.encoded import EncodedAudio
from db.commands.sessions import end_session
from db.enums import CallStatus, EventType, SessionStatus, Stage, TurnStatus
from db.models.conversation import Message, Session, Turn
from db.postgres.database import Database
from db.turns import claims
from db.turns.claims import Fenced
from db.turns.values import Failure, FinishedCall
from db.turns.writes import TurnEvent, TurnWrite
from db.viewer import Viewer
from inference.journal.database_journal import DatabaseJournal
from inference.ports import Transcript
from tests.db.rows import (
    STORE,
    claimed,
    end,
    events_of,
    everything,
    finish,
    open_session,
    say,
    send_recording,
)

_NEWS = TurnWrite((TurnEvent(EventType.REPLY_DELTA, {"text": "x"}),))


async def turn_of(database: Database, turn_id: UUID) -> Turn:
    async with database.reading() as session:
        return (await session.execute(select(Turn).where(Turn.id == turn_id))).scalar_one()


async def kinds(database: Database, session_id: UUID) -> list[EventType]:
    return [each.type for each in await events_of(database, session_id)]


async def test_each_start_is_a_new_attempt(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    turn_id = await say(database, viewer, session_id)
    first = await claimed(database, turn_id)
    row = await turn_of(database, turn_id)
    assert (row.status, row.attempt) == (TurnStatus.RUNNING, first.attempt) == (TurnStatus.RUNNING, 1)
    assert row.started_at == first.started_at >= first.queued_at == row.queued_at
    second = await claimed(database, turn_id)
    assert second.attempt == 2
    assert second.started_at > first.started_at
    assert (await turn_of(database, turn_id)).started_at == first.started_at, "the wait in the queue was the first's"
    started = [each.data for each in await events_of(database, session_id) if each.type is EventType.TURN_STARTED]
    assert started == [{"attempt": 1}, {"attempt": 2}]
    assert (first.tenant_id, first.session_id) == (viewer.tenant_id, session_id)


async def test_concurrent_starts_get_different_attempts(database: Database, viewer: Viewer) -> None:
    turn_id = await say(database, viewer, await open_session(database, viewer))
    claims = await asyncio.gather(*(claimed(database, turn_id) for _ in range(6)))
    assert sorted(each.attempt for each in claims) == [1, 2, 3, 4, 5, 6]
    assert (await turn_of(database, turn_id)).attempt == 6


@pytest.mark.parametrize(
    "failure", [None, Failure("ENGINE_UNAVAILABLE", "a\x00b", Stage.LLM), Failure("INTERNAL", "m")]
)
async def test_the_end_stores_status_timing_and_failure(
    database: Database, viewer: Viewer, failure: Failure | None
) -> None:
    session_id = await open_session(database, viewer)
    turn_id = await say(database, viewer, session_id)
    claim = await claimed(database, turn_id)
    timing = {"stages": [{"stage": "LLM", "start_ms": 1.5}], "covered_ms": 2.0, "odd": float("nan")}
    await DatabaseJournal(database, STORE, claim).turn_finished(timing, failure)
    row = await turn_of(database, turn_id)
    assert row.finished_at is not None
    assert row.finished_at >= claim.started_at
    assert row.timing == {**timing, "odd": None}
    assert row.status is (TurnStatus.COMPLETED if failure is None else TurnStatus.FAILED)
    assert (row.error_code, row.error_stage) == ((failure.code, failure.stage) if failure else (None, None))
    assert "\x00" not in (row.error_message or "")
    last = (await events_of(database, session_id))[-1]
    assert last.type is (EventType.TURN_COMPLETED if failure is None else EventType.TURN_FAILED)
    assert last.turn_id == turn_id


async def test_an_ended_turn_is_not_started_or_written_again(database: Database, viewer: Viewer) -> None:
    turn_id = await say(database, viewer, await open_session(database, viewer))
    claim = await claimed(database, turn_id)
    await end(database, claim)
    before = await everything(database)
    assert await claims.start(database, turn_id) is None
    await claims.commit(database, claim, 0, [_NEWS])  # a retry of the commit that ended the turn
    for step in (1, 2):
        with pytest.raises(Fenced):
            await claims.commit(database, claim, step, [_NEWS])
    assert await everything(database) == before


async def test_session_ended_follows_the_last_turn(database: Database, viewer: Viewer) -> None:
    session_id, other = [await open_session(database, viewer) for _ in range(2)]
    turn_ids = [await say(database, viewer, session_id) for _ in range(3)]
    await say(database, viewer, other)
    claim = await claimed(database, turn_ids[0])
    for _ in range(2):  # idempotent
        async with database.transaction() as session:
            ended = await end_session(session, viewer, session_id=session_id)
            assert ended.status is SessionStatus.ENDED
    assert EventType.SESSION_ENDED not in await kinds(database, session_id)
    await end(database, claim, Failure("INTERNAL", "m"))
    await finish(database, turn_ids[2])
    assert EventType.SESSION_ENDED not in await kinds(database, session_id)
    await finish(database, turn_ids[1])
    assert (await kinds(database, session_id))[-2:] == [EventType.TURN_COMPLETED, EventType.SESSION_ENDED]
    assert (await kinds(database, session_id)).count(EventType.SESSION_ENDED) == 1
    assert EventType.SESSION_ENDED not in await kinds(database, other)


async def test_session_ended_is_written_once_in_a_race(database: Database, viewer: Viewer) -> None:
    """endSession and the end of the last turn at the same time: the later one writes SessionEnded."""

    async def once() -> None:
        session_id = await open_session(database, viewer)
        turn_id = await say(database, viewer, session_id)

        async def end() -> None:
            async with database.transaction() as session:
                await end_session(session, viewer, session_id=session_id)

        await asyncio.gather(finish(database, turn_id), end(), end())
        assert (await kinds(database, session_id)).count(EventType.SESSION_ENDED) == 1
        assert (await kinds(database, session_id))[-1] is EventType.SESSION_ENDED

    await asyncio.gather(*(once() for _ in range(12)))


async def test_a_session_without_turns_ends_at_once(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    async with database.transaction() as session:
        row = await end_session(session, viewer, session_id=session_id)
    assert await kinds(database, session_id) == [EventType.SESSION_ENDED]
    async with database.reading() as session:
        stored = (await session.execute(select(Session).where(Session.id == session_id))).scalar_one()
    assert row.ended_at == stored.ended_at is not None
    assert row.last_seq == stored.last_seq == 1, "what is answered is what is stored"


async def test_any_text_of_a_model_can_be_stored(database: Database, viewer: Viewer) -> None:
    claim = await claimed(database, await send_recording(database, viewer, await open_session(database, viewer)))
    journal = DatabaseJournal(database, STORE, claim)
    call = FinishedCall(Stage.ASR, "fake", "m\x00", CallStatus.FAILED, datetime.now(UTC), 0, 1, error="e\ud800")
    await journal.transcript_ready(Transcript("he\x00ard \ud800", "en"), call)
    await journal.reply_delta("sa\x00id \udfff")
    await journal.reply_ready("sa\x00id \udfff", "en")
    await journal.audio_ready(EncodedAudio(b"\x00\xff", "audio/wav", 10, 16_000), call)
    await journal.close(5)
    async with database.reading() as session:
        said = (
            await session.scalars(select(Message).where(Message.turn_id == claim.turn_id).order_by(Message.id))
        ).all()
        assert [each.text for each in said] == ["he\ufffdard \ufffd", "sa\ufffdid \ufffd"]
        assert [each.type for each in said] == ["AUDIO", "AUDIO"]
        assert said[1].audio_id == await session.scalar(text("select id from audio where kind = 'REPLY'"))
        assert (
            await session.scalar(
                text("select data from audio_blobs b join audio a on b.key = a.store_key where a.kind = 'REPLY'")
            )
            == b"\x00\xff"
        )
        assert await session.scalar(text("select count(*) from audio_blobs")) == 2
