"""Write-behind queue of an attempt: batches, order, bounds; a failed commit ends the attempt."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select, update

from db.audio.decoder_pool import DecoderPool
from db.audio.encoded import EncodedAudio
from db.commands import turns
from db.enums import CallStatus, EventType, Stage
from db.models.conversation import Message, Session
from db.postgres.database import Database
from db.turns import tool_calls
from db.turns.values import Claim, Failure, FinishedCall
from db.viewer import Viewer
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.journal.database_journal import DatabaseJournal
from inference.ports import EngineInfo, Superseded, ToolRequest, ToolResult
from inference.tools.client import McpToolBox
from inference.turn.limits import TurnLimits
from inference.worker.runner import TurnRunner
from tests.conftest import lent
from tests.db.rows import STORE, claimed, events_of, eventually, open_session, say, scalar

_AUDIO = EncodedAudio(b"sound", "audio/wav", 10, 16_000)


def _call(engine: str = "fake") -> FinishedCall:
    return FinishedCall(Stage.LLM, engine, "m", CallStatus.OK, datetime.now(UTC), 0, 1)


async def _claim(database: Database, viewer: Viewer) -> Claim:
    return await claimed(database, await say(database, viewer, await open_session(database, viewer)))


@asynccontextmanager
async def locked(database: Database, session_id: UUID) -> AsyncIterator[None]:
    """Locks the session's row: other writes to the session wait."""
    async with database.transaction() as session:
        await session.execute(select(Session.id).where(Session.id == session_id).with_for_update())
        yield


async def test_writes_do_not_wait_for_their_commit_and_share_one(database: Database, viewer: Viewer) -> None:
    claim = await _claim(database, viewer)
    journal = DatabaseJournal(database, STORE, claim)
    async with locked(database, claim.session_id):
        async with asyncio.timeout(30):
            for number in range(40):
                await journal.reply_delta(str(number))
            await journal.chunk_ready(0, "hi", _AUDIO)
    await journal.reply_ready("hi", "en")
    texts = [each.data["text"] for each in await events_of(database, claim.session_id) if each.type == "ReplyDelta"]
    assert texts == [str(number) for number in range(40)]
    assert await scalar(database, "select step from turns") <= 3
    assert (await events_of(database, claim.session_id))[-1].type is EventType.REPLY_READY


async def test_the_language_of_a_typed_message_is_stored_with_the_reply(database: Database, viewer: Viewer) -> None:
    claim = await _claim(database, viewer)
    journal = DatabaseJournal(database, STORE, claim)
    await journal.reply_ready("Guten Tag.", "de", "es")
    assert await scalar(database, "select language from messages where role = 'USER'") == "es"
    assert await scalar(database, "select language from messages where role = 'ASSISTANT'") == "de"


async def test_the_language_that_was_heard_is_kept(database: Database, viewer: Viewer) -> None:
    claim = await _claim(database, viewer)
    async with database.transaction() as session:
        await session.execute(update(Message).values(language="es"))
    await DatabaseJournal(database, STORE, claim).reply_ready("Guten Tag.", "de", "fr")
    assert await scalar(database, "select language from messages where role = 'USER'") == "es"


async def test_a_queue_that_is_full_holds_the_models_back(database: Database, viewer: Viewer) -> None:
    claim = await _claim(database, viewer)
    journal = DatabaseJournal(database, STORE, claim)
    written = 0

    async def write_on() -> None:
        nonlocal written
        for _ in range(500):
            await journal.reply_delta("x")
            written += 1

    async with locked(database, claim.session_id):
        writing = asyncio.create_task(write_on())
        await asyncio.sleep(0.3)
        assert 10 < written < 100
    await writing
    await journal.close(10)
    assert await scalar(database, "select count(*) from events where type = 'ReplyDelta'") == 500


async def test_a_checkpoint_is_on_disk_when_it_returns(database: Database, viewer: Viewer) -> None:
    claim = await _claim(database, viewer)
    journal = DatabaseJournal(database, STORE, claim)
    async with locked(database, claim.session_id):
        waiting = asyncio.create_task(journal.reply_ready("hi", "en"))
        await asyncio.sleep(0.2)
        assert not waiting.done()
    await waiting
    assert await scalar(database, "select count(*) from messages where role = 'ASSISTANT'") == 1


async def test_work_stops_as_soon_as_its_attempt_was_taken_over(database: Database, viewer: Viewer) -> None:
    """A model that does not write for a while is stopped by the failure of an earlier write."""
    claim = await _claim(database, viewer)
    journal = DatabaseJournal(database, STORE, claim)
    stopped = asyncio.Event()

    async def work() -> None:
        await journal.reply_delta("x")
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    await claimed(database, claim.turn_id)
    async with asyncio.timeout(30):
        with pytest.raises(Superseded):
            await journal.guard(work())
    assert stopped.is_set()
    with pytest.raises(Superseded):
        await journal.reply_delta("y")


async def test_a_failure_for_which_nobody_waits_any_more_is_not_logged(
    database: Database, viewer: Viewer, caplog: pytest.LogCaptureFixture
) -> None:
    """The error of a database may hold what was said."""
    claim = await _claim(database, viewer)
    journal = DatabaseJournal(database, STORE, claim)
    async with locked(database, claim.session_id):
        await journal.reply_delta("hello")
        waiting = asyncio.create_task(journal.flush())
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        journal.stop()
    await journal.close(5)
    del journal, waiting
    gc.collect()
    assert not caplog.records


async def test_a_cancelled_attempt_writes_what_waits(database: Database, viewer: Viewer) -> None:
    """As when a worker stops: queued events are not lost."""
    session_id = await open_session(database, viewer)
    turn_id = await say(database, viewer, session_id)
    slow = FakeChatModel(lambda _: "One. " * 200, delay=0.02)
    async with McpToolBox(database) as toolbox, DecoderPool(1, wait_seconds=10) as decoder:
        limits = TurnLimits(recording_seconds=60, stall_seconds=10, stage_seconds=30, tool_seconds=10)
        engines = lent(FakeTranscriber(), slow, FakeSynthesizer())
        runner = TurnRunner(database, STORE, engines=engines, decoder=decoder, toolbox=toolbox, limits=limits)
        running = asyncio.create_task(runner.run(turn_id))

        async def begun() -> bool:
            return bool(await scalar(database, "select count(*) from events where type = 'ReplyDelta'"))

        await eventually(begun)
        before = asyncio.all_tasks()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert not [task for task in before if task.get_name().startswith("journal") and not task.done()]
    events = await events_of(database, session_id)
    assert [each.seq for each in events] == list(range(1, len(events) + 1))
    assert await scalar(database, "select status from turns") == "RUNNING"


async def test_calls_of_a_cancelled_turn_are_on_record_though_their_commit_was_not_made(
    database: Database, viewer: Viewer
) -> None:
    claim = await _claim(database, viewer)
    journal = DatabaseJournal(database, STORE, claim)
    async with database.transaction() as session:
        await turns.cancel_turn(session, viewer, turn_id=claim.turn_id)
    await journal.call_finished(_call(), ends_stage=True)
    await journal.close(5)
    assert [call.engine for call in journal.unwritten_calls.values()] == ["fake"]


async def test_a_turn_is_not_completed_behind_a_commit_that_the_database_refused(
    database: Database, viewer: Viewer
) -> None:
    claim = await _claim(database, viewer)
    journal = DatabaseJournal(database, STORE, claim)
    await journal.call_finished(_call(engine="e" * 101), ends_stage=True)  # longer than its column
    await journal.close(5)
    for _ in range(2):
        with pytest.raises(Exception, match="value too long"):
            await journal.turn_finished({}, None)
    await journal.turn_finished({}, Failure("INTERNAL", "m"))
    assert await scalar(database, "select status from turns") == "FAILED"
    assert await scalar(database, "select count(*) from model_calls") == 0


async def test_a_call_that_its_tool_ends_meanwhile_is_told_of_once(database: Database, viewer: Viewer) -> None:
    """The journal's statement waits for the tool's own commit, and then sees its result."""
    claim = await _claim(database, viewer)
    journal = DatabaseJournal(database, STORE, claim)
    context = await journal.tool_started(ToolRequest("1", "n", {}), "s", 0)
    async with database.transaction() as session:
        call = await tool_calls.lock(session, viewer.tenant_id, claim.session_id, UUID(context.tool_call_id))
        ending = asyncio.create_task(journal.tool_finished(context, ToolResult(True, {"by": "journal"}), None))
        await asyncio.sleep(0.3)
        await tool_calls.end(session, call, result={"by": "tool"})
    await ending
    assert await scalar(database, "select result ->> 'by' from tool_calls") == "tool"
    events = await events_of(database, claim.session_id)
    kinds = [each.type for each in events]
    assert kinds.count(EventType.TOOL_CALL_FINISHED) == 1
    assert kinds[-1] is EventType.STAGE_COMPLETED
    assert [each.seq for each in events] == list(range(1, len(events) + 1))


async def test_the_end_of_the_speech_and_of_the_turn_share_a_commit(database: Database, viewer: Viewer) -> None:
    claim = await _claim(database, viewer)
    journal = DatabaseJournal(database, STORE, claim)
    await journal.stage_started(Stage.LLM, EngineInfo("fake", "m"))
    await journal.call_finished(_call(), ends_stage=True)
    await journal.reply_ready("hi", "en")
    await journal.audio_ready(_AUDIO, _call())
    await journal.turn_finished({}, None)
    assert await scalar(database, "select step from turns") == 2
    assert await scalar(database, "select status from turns") == "COMPLETED"
    assert [each.type.value for each in await events_of(database, claim.session_id)][2:] == [
        "StageStarted",
        "StageCompleted",
        "ReplyReady",
        "AudioReady",
        "StageCompleted",
        "TurnCompleted",
    ]
