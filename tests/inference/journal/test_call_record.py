"""The record of a live call over Postgres: order, bounds, history, takeover, outages, what others do to the call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import select, text

from db.audio.encoded import EncodedAudio
from db.calls import connections
from db.calls.ending import CALLS_CHANNEL
from db.commands import calls, sessions, turns
from db.enums import CallEndReason, CallStatus, EventType, LiveCallStatus, PlaybackSource, Prompt, Stage, TurnStatus
from db.errors import Conflict
from db.ids import new_id
from db.models.conversation import Turn
from db.postgres.database import Database
from db.queue.jobs import requeue_jobs_of_dead_workers
from db.turns import claims
from db.turns.live_values import LiveTiming, Playback
from db.turns.values import Claim, FinishedCall
from db.viewer import Viewer
from inference.audio.wav import encode_wav
from inference.journal.call_record import DatabaseCallRecord
from inference.journal.call_records import CallRecords
from inference.lender import Engines
from inference.live.ports import HeardTurn
from inference.ports import AttemptJournal, Samples, Speech, Superseded, TextDelta, Transcript
from tests.conftest import working
from tests.db.calls.rows import call_of, names, open_call
from tests.db.jobs import fetched, job_of, owner_of_jobs
from tests.db.rows import STORE, events_of, eventually, finish, open_session, say, scalar
from tests.waiting import until

_SECOND: Samples = np.full(16_000, 0.25, np.float32)


@dataclass(frozen=True)
class Ticket:
    tenant_id: UUID
    call_id: UUID


@asynccontextmanager
async def process(database: Database, **given: float) -> AsyncIterator[CallRecords]:
    """A process that holds calls."""
    records = CallRecords(database, STORE, **{"heartbeat_seconds": 0.1, "poll_seconds": 0.1, **given})
    running = asyncio.create_task(records.run())
    try:
        yield records
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await records.close()


@pytest.fixture
async def records(database: Database) -> AsyncIterator[CallRecords]:
    async with process(database) as opened:
        yield opened


@pytest.fixture
async def ticket(database: Database, viewer: Viewer) -> Ticket:
    call = await open_call(database, viewer, await open_session(database, viewer))
    return Ticket(call.tenant_id, call.id)


@pytest.fixture
async def record(records: CallRecords, ticket: Ticket) -> DatabaseCallRecord:
    return await records.connect(ticket)


def heard(words: str = "hello") -> HeardTurn:
    call = FinishedCall(Stage.ASR, "fake", "tiny", CallStatus.OK, datetime.now(UTC), 0, 10, input_audio_ms=1000)
    audio = EncodedAudio(encode_wav(_SECOND, 16_000), "audio/wav", 1000, 16_000)
    return HeardTurn(new_id(), new_id(), Transcript(words, "en"), LiveTiming(0, 1000), audio, call)


async def begun(record: DatabaseCallRecord, turn: HeardTurn | None = None) -> Claim:
    claim = await record.begin_turn(turn or heard())
    assert claim is not None
    return claim


async def answered(journal: AttemptJournal, words: str) -> None:
    await journal.reply_delta(words)
    await journal.reply_ready(words, "en")
    await journal.turn_finished({}, None)


def playback(words: str, *, interrupted: bool = False) -> Playback:
    return Playback(words, 500, 1000, interrupted, PlaybackSource.ACKS)


async def types(database: Database, record: DatabaseCallRecord) -> list[str]:
    return await names(database, record.state.session_id)


async def test_events_are_written_behind_in_order(database: Database, record: DatabaseCallRecord) -> None:
    async with database.transaction() as session:
        await session.execute(text("select from sessions for update"))
        async with asyncio.timeout(30):  # none of them waits for the lock
            await record.prompted(Prompt.GREETING, "Hello, how can I help?")
            await record.speech_started(100)
            await record.words("I am")
            await record.words("I am calling")  # less than a second later
            await record.speech_ended(900)
    await record.flush()
    found = await events_of(database, record.state.session_id)
    assert [each.type.value for each in found] == [
        "CallStarted",
        "CallPrompted",
        "SpeechStarted",
        "TranscriptPartial",
        "SpeechEnded",
    ]
    assert (found[1].data["prompt"], found[1].data["text"]) == ("GREETING", "Hello, how can I help?")
    assert [each.data.get("at_ms") for each in found[2:]] == [100, None, 900]
    assert found[3].data["text"] == "I am"
    assert {each.data["call_id"] for each in found} == {str(record.state.call_id)}


async def test_unfinished_audio_is_kept_in_segments_until_its_turn(
    database: Database, record: DatabaseCallRecord, records: CallRecords, ticket: Ticket
) -> None:
    for _ in range(5):
        await record.sound(_SECOND[:9_600])  # 3 s in pieces of 0.6 s
    await record.flush()
    assert await scalar(database, "select array_agg(octet_length(data) order by seq) from call_sounds") == [38_400] * 2
    later = await records.connect(ticket)
    assert later.state.heard is not None
    np.testing.assert_allclose(later.state.heard, np.full(38_400, 0.25), atol=1e-4)
    assert later.state.elapsed_ms >= 2400
    await later.sound(_SECOND[:8_000])
    await later.speech_ended(1000)
    await later.sound(_SECOND)  # of the next utterance, before the turn is stored
    await later.sound(_SECOND[:4_000])
    await begun(later)
    await later.sound(_SECOND[:12_000])
    await later.flush()
    assert await scalar(database, "select array_agg(octet_length(data) order by seq) from call_sounds") == [32_000] * 2
    await later.speech_ended(2000)  # it was no more than a sound, as is known only later
    await later.sound(_SECOND)
    await later.clear_sound(2000)
    await later.flush()
    assert await scalar(database, "select array_agg(octet_length(data) order by seq) from call_sounds") == [32_000]
    await later.clear_sound()
    await later.flush()
    assert await scalar(database, "select count(*) from call_sounds") == 0


async def test_a_dropped_call_keeps_the_last_second_too(
    database: Database, record: DatabaseCallRecord, records: CallRecords, ticket: Ticket
) -> None:
    await record.sound(_SECOND[:4_000])
    await record.dropped()
    assert (await call_of(database, ticket.call_id)).status is LiveCallStatus.DROPPED
    await asyncio.sleep(0.3)  # heartbeats go on, and do not resume it
    assert (await call_of(database, ticket.call_id)).status is LiveCallStatus.DROPPED
    later = await records.connect(ticket)
    assert later.state.heard is not None and later.state.heard.size == 4_000


async def test_a_turn_runs_to_its_end(database: Database, record: DatabaseCallRecord) -> None:
    claim = await begun(record)
    assert (await job_of(database))["status"] == "doing"
    journal = record.journal(claim)
    await answered(journal, "Good day.")
    await journal.close(1)
    assert await scalar(database, "select count(*) from procrastinate_jobs") == 0
    assert await scalar(database, "select status from turns") == "COMPLETED"
    await record.playback_started(claim.turn_id)
    await record.playback_finished(claim.turn_id, playback("Good day."), LiveTiming(0, 1000, first_heard_ms=7))
    history = (await record.next_inputs()).history
    assert [getattr(each, "text", None) for each in history] == ["hello", "Good day."]
    assert (await types(database, record))[-2:] == ["PlaybackStarted", "PlaybackFinished"]
    assert record.now() - datetime.now(UTC) < timedelta(seconds=5)


async def test_the_playback_of_a_reply_waits_for_the_reply(database: Database, record: DatabaseCallRecord) -> None:
    """During an outage both are queued; the message must be there when its playback is written."""
    claim = await begun(record)
    journal = record.journal(claim)
    async with database.transaction() as session:
        await session.execute(text("select from sessions for update"))
        writing = asyncio.create_task(answered(journal, "Good day."))
        await asyncio.sleep(0.05)
        told = asyncio.create_task(record.playback_finished(claim.turn_id, playback("Good day."), LiveTiming(0, 1)))
        await asyncio.sleep(0.05)
    await asyncio.gather(writing, told)
    await record.flush()
    assert (
        await scalar(database, "select playback ->> 'heard_text' from messages where role = 'ASSISTANT'") == "Good day."
    )


async def test_an_interruption_cancels_the_turn_and_its_job(database: Database, record: DatabaseCallRecord) -> None:
    claim = await begun(record)
    journal = record.journal(claim)
    await journal.reply_delta("Good day to you.")
    await record.interrupted(claim.turn_id, playback("Good day", interrupted=True), LiveTiming(0, 1000))
    with pytest.raises(Superseded):
        await journal.reply_ready("Good day to you.", "en")
    await journal.close(1)
    await eventually(lambda: _no_job(database))
    history = (await record.next_inputs()).history
    assert [getattr(each, "text", None) for each in history] == ["hello", "Good day"]
    await begun(record, heard("something else"))


async def _no_job(database: Database) -> bool:
    return bool(await scalar(database, "select count(*) = 0 from procrastinate_jobs"))


async def test_what_waits_for_its_commit_goes_on_with_the_next_connection(
    database: Database, records: CallRecords, record: DatabaseCallRecord, ticket: Ticket
) -> None:
    """Of the same process: an utterance that has ended, and a turn whose reply is made."""
    turn = heard()
    claim = await begun(record, turn)
    await record.sound(_SECOND)
    await record.speech_ended(3_000)
    await record.flush()
    later = await records.connect(ticket)
    journal = later.journal(claim)
    await answered(journal, "Good day.")
    await journal.close(1)
    await begun(later, replace(heard("and more"), live=LiveTiming(2_000, 3_000)))
    assert await scalar(database, "select count(*) from call_sounds") == 0, "they would be said once more"


async def test_whether_a_commit_was_made_is_known_also_when_the_call_is_left(
    database: Database, record: DatabaseCallRecord
) -> None:
    async with database.transaction() as session:
        await session.execute(text("select from sessions for update"))
        beginning = asyncio.create_task(begun(record))
        await until(lambda: record._committing)
        record.stop()
        later = asyncio.create_task(record.speech_started(2_000))
        await until(later.done)
        assert isinstance(later.exception(), Superseded)
        assert not beginning.done(), "refused, it would be made once more by the next connection"
    assert (await beginning).attempt == 1


async def test_a_turn_is_reopened_while_its_attempt_stops(database: Database, record: DatabaseCallRecord) -> None:
    turn = heard("my number is")
    claim = await begun(record, turn)
    journal = record.journal(claim)
    await journal.reply_ready("Yes?", "en")
    await journal.close(1)
    again = await record.reopen_turn(claim, replace(turn, transcript=Transcript("my number is twelve", "en")))
    assert again is not None and again.claim is not None and again.claim.attempt == 2
    inputs = await record.next_inputs(again.claim)
    assert (inputs.history, inputs.text, inputs.reply) == ((), None, None)
    await answered(record.journal(again.claim), "Twelve.")
    assert await scalar(database, "select count(*) from turns") == 1
    assert await _no_job(database)


async def test_a_worker_takes_over_the_turn_of_a_dead_process(database: Database, record: DatabaseCallRecord) -> None:
    """Between the commit and the first sound; the process is stopped, and wakes when the turn is another's."""
    claim = await begun(record)
    journal = record.journal(claim)
    async with database.transaction() as session:
        await session.execute(text("update procrastinate_workers set last_heartbeat = now() - interval '1 minute'"))
        assert len(await requeue_jobs_of_dead_workers(session, 30)) == 1
    await fetched(database, await owner_of_jobs(database))
    assert await claims.start(database, claim.turn_id) is not None
    for write in (journal.reply_ready("late", "en"), journal.turn_finished({}, None)):
        with pytest.raises(Superseded):
            await write
    assert await scalar(database, "select count(*) from messages") == 1


async def test_an_attempt_that_ends_nowhere_is_given_back(
    database: Database, record: DatabaseCallRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.journal.live_jobs._GIVE_BACK_SECONDS", 0.2)
    claim = await begun(record)
    journal = record.journal(claim)
    await asyncio.sleep(1.5)
    assert (await job_of(database))["status"] == "doing", "it runs"
    await journal.close(1)
    await eventually(lambda: scalar(database, "select count(*) = 1 from procrastinate_jobs where status = 'todo'"))


async def test_what_a_process_leaves_goes_back_to_the_queue(
    database: Database, ticket: Ticket, engines: Engines
) -> None:
    async with process(database) as records:
        claim = await begun(await records.connect(ticket))
    assert (await job_of(database))["status"] == "todo"
    async with working(database, engines):
        await eventually(lambda: scalar(database, "select count(*) = 1 from turns where status = 'COMPLETED'"))
    assert await scalar(database, "select attempt from turns where id = :id", id=claim.turn_id) == 2


async def test_another_unfinished_turn_queues_it_and_its_reply_is_followed(
    database: Database, viewer: Viewer, record: DatabaseCallRecord, engines: Engines
) -> None:
    session_id = record.state.session_id
    await say(database, viewer, session_id, "typed")
    turn = heard("spoken")
    assert await record.begin_turn(turn) is None
    found: list[TextDelta | Speech | TurnStatus] = []

    async def follow() -> None:
        async for item in record.follow(turn.turn_id):
            found.append(item)

    following = asyncio.create_task(follow())
    async with working(database, engines), asyncio.timeout(20):
        await following
    assert found[-1] is TurnStatus.COMPLETED
    said = "".join(each.text for each in found if isinstance(each, TextDelta))
    stored = "select text from messages where role = 'ASSISTANT' and turn_id = :t"
    assert said == await scalar(database, stored, t=turn.turn_id)
    spoken = [each for each in found if isinstance(each, Speech)]
    assert spoken and spoken[0].samples.size > 0 and spoken[0].sample_rate > 0 and spoken[0].text


async def test_the_reply_of_a_turn_that_is_over_is_no_more_followed(
    database: Database, record: DatabaseCallRecord
) -> None:
    claim = await begun(record)
    await answered(record.journal(claim), "Good day.")
    async with asyncio.timeout(30):
        assert [each async for each in record.follow(claim.turn_id)] == [TurnStatus.COMPLETED]


async def test_a_newer_connection_supersedes_the_record(
    database: Database, record: DatabaseCallRecord, ticket: Ticket, records: CallRecords
) -> None:
    left: list[UUID] = []
    records.leave = left.append
    async with process(database) as elsewhere:
        newer = await elsewhere.connect(ticket)
        await eventually(lambda: _left(left))
        for write in (record.speech_started(1), record.begin_turn(heard()), record.end(CallEndReason.CALLER)):
            with pytest.raises(Superseded):
                await write
        await newer.speech_started(1)
        await newer.flush()
    assert left == [ticket.call_id]


async def _left(left: list[UUID]) -> bool:
    return bool(left)


async def test_a_connection_of_the_same_process_is_not_left(records: CallRecords, ticket: Ticket) -> None:
    left: list[UUID] = []
    records.leave = left.append
    first = await records.connect(ticket)
    second = await records.connect(ticket)
    with pytest.raises(Superseded):
        await first.speech_started(1)
    await asyncio.sleep(0.3)
    await second.speech_started(1)
    assert left == []


@pytest.mark.parametrize("notified", [True, False])
async def test_a_client_closes_the_call_and_interrupts_it(
    database: Database, viewer: Viewer, ticket: Ticket, notified: bool
) -> None:
    async with process(database) as records:
        if not notified:
            records._feed.channels.pop(CALLS_CHANNEL)
        left: list[UUID] = []
        stopped: list[UUID] = []
        records.leave, records.interrupt = left.append, stopped.append
        record = await records.connect(ticket)

        async def interrupted() -> bool:
            """Asks again: the process may not listen yet."""
            async with database.transaction() as session:
                await calls.interrupt_reply(session, viewer, call_id=ticket.call_id)
            await asyncio.sleep(0.05)
            return bool(stopped)

        if notified:
            await eventually(interrupted)
        async with database.transaction() as session:
            await calls.close_call(session, viewer, call_id=ticket.call_id)
        await eventually(lambda: _left(left))
        assert set(stopped) == ({ticket.call_id} if notified else set())
        with pytest.raises(Superseded):
            await record.speech_started(1)
        await record.end(CallEndReason.CLOSED)  # has ended already
        with pytest.raises(Conflict):
            await records.connect(ticket)
    assert (await call_of(database, ticket.call_id)).end_reason is CallEndReason.CLOSED


@pytest.mark.parametrize("by", ["the client", "another process"])
async def test_a_call_that_is_lost_while_its_connection_is_made_is_not_held(
    database: Database, viewer: Viewer, ticket: Ticket, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Told of after the commit of the connection, and before this process has its record."""
    async with process(database, heartbeat_seconds=3600.0) as records, process(database) as elsewhere:
        hear, told = records._feed.channels[CALLS_CHANNEL], list[str]()
        run = database.run

        def noted(payload: str) -> None:
            hear(payload)
            told.append(payload)

        async def lose() -> None:
            if by == "another process":
                await elsewhere.connect(ticket)
            else:
                async with database.transaction() as session:
                    await calls.close_call(session, viewer, call_id=ticket.call_id)

        async def slow(work: Any) -> Any:
            made = await run(work)
            if getattr(work, "func", None) is connections.connect:
                monkeypatch.setattr(database, "run", run)
                before = len(told)
                await lose()
                await until(lambda: len(told) > before)
            return made

        async def listens() -> bool:
            async with database.transaction() as session:
                await session.execute(text(f"select pg_notify('{CALLS_CHANNEL}', '{{}}')"))
            return bool(told)

        records._feed.channels[CALLS_CHANNEL] = noted
        await eventually(listens)
        monkeypatch.setattr(database, "run", slow)
        with pytest.raises(Conflict):
            await records.connect(ticket)


async def test_a_cancelled_turn_stops_its_attempt(
    database: Database, viewer: Viewer, record: DatabaseCallRecord
) -> None:
    claim = await begun(record)
    journal = record.journal(claim)
    working_ = asyncio.create_task(journal.guard(asyncio.sleep(60)))
    await asyncio.sleep(0)
    async with database.transaction() as session:
        await turns.cancel_turn(session, viewer, turn_id=claim.turn_id)
    with pytest.raises(Superseded):
        async with asyncio.timeout(30):
            await working_
    await eventually(lambda: _no_job(database))
    await record.speech_started(1)  # the call goes on


async def test_the_end_of_the_session_ends_the_record(
    database: Database, viewer: Viewer, record: DatabaseCallRecord
) -> None:
    claim = await begun(record)
    async with database.transaction() as session:
        await sessions.end_session(session, viewer, session_id=record.state.session_id)
    with pytest.raises(Superseded):
        await record.begin_turn(heard())
    await answered(record.journal(claim), "Good day.")  # its turn is still completed
    assert (await types(database, record))[-1] == "SessionEnded"


async def test_a_call_outlasts_an_outage(
    database: Database, viewer: Viewer, record: DatabaseCallRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = database.writer.row
    away = True

    async def broken(*given: object) -> object:
        if away:
            raise ConnectionRefusedError from OSError("away")
        return await row(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("db.postgres.outage._is_connection_lost", lambda error: isinstance(error, OSError))
    monkeypatch.setattr(database.writer, "row", broken)
    await record.speech_started(1)
    beginning = asyncio.create_task(record.begin_turn(heard()))
    await asyncio.sleep(0.3)
    assert not beginning.done()
    away = False
    async with asyncio.timeout(10):
        assert await beginning is not None
    assert (await types(database, record))[:3] == ["CallStarted", "SpeechStarted", "TurnQueued"]


async def test_a_commit_whose_answer_was_lost_is_made_once(
    database: Database, record: DatabaseCallRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = database.writer.row
    lost = 2

    async def losing(sql: str, arguments: list[object]) -> object:
        nonlocal lost
        found = await row(sql, arguments)
        if lost and sql.lstrip().startswith("with"):
            lost -= 1
            raise ConnectionResetError
        return found

    monkeypatch.setattr("db.postgres.outage._is_connection_lost", lambda error: isinstance(error, OSError))
    monkeypatch.setattr(database.writer, "row", losing)
    await record.speech_started(1)
    await record.flush()
    claim = await begun(record)
    assert lost == 0
    assert (await types(database, record)).count("SpeechStarted") == 1
    async with database.reading() as session:
        turn = (await session.execute(select(Turn))).scalar_one()
    assert (turn.id, turn.status) == (claim.turn_id, TurnStatus.RUNNING)


async def test_too_much_waiting_holds_the_caller_back(database: Database, record: DatabaseCallRecord) -> None:
    written = 0

    async def speak() -> None:
        nonlocal written
        for number in range(200):
            await record.speech_started(number)
            written += 1

    async with database.transaction() as session:
        await session.execute(text("select from sessions for update"))
        speaking = asyncio.create_task(speak())
        await asyncio.sleep(0.2)
        assert written <= 64
    await speaking
    await record.flush()
    starts = [
        each for each in await events_of(database, record.state.session_id) if each.type == EventType.SPEECH_STARTED
    ]
    assert [each.data["at_ms"] for each in starts] == list(range(200))


async def test_a_turn_begun_behind_a_finished_one(
    database: Database, viewer: Viewer, record: DatabaseCallRecord
) -> None:
    typed = await say(database, viewer, record.state.session_id)
    job = await fetched(database, await owner_of_jobs(database))
    await finish(database, typed)
    beginning = asyncio.create_task(begun(record))
    await asyncio.sleep(0.1)
    async with database.transaction() as session:
        await session.execute(text("delete from procrastinate_jobs where id = :id"), {"id": job})
    async with asyncio.timeout(30):
        await beginning
