"""Fencing: a worker whose turn was taken over by a later attempt, or has ended, cannot write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from db.audio.encoded import EncodedAudio
from db.enums import CallStatus, EventType, Stage
from db.postgres.database import Database
from db.turns.values import Failure, FinishedCall
from db.viewer import Viewer
from inference.journal.database_journal import DatabaseJournal
from inference.ports import EngineInfo, Journal, Superseded, ToolContext, ToolRequest, ToolResult, Transcript
from tests.db.rows import STORE, claimed, end, events_of, eventually, everything, open_session, scalar, send_recording

_INFO = EngineInfo("fake", "m")
_AUDIO = EncodedAudio(b"audio", "audio/wav", 10, 16_000)


def _call(status: CallStatus = CallStatus.OK) -> FinishedCall:
    error = "e" if status is CallStatus.FAILED else None
    return FinishedCall(Stage.LLM, "fake", "m", status, datetime.now(UTC), 0, 1, error=error)


Write = Callable[[DatabaseJournal, ToolContext], Awaitable[object]]

#: One call of every method, in an order that a turn could have.
_WRITES: dict[str, Write] = {
    "stage_started": lambda j, c: j.stage_started(Stage.ASR, _INFO),
    "transcript_partial": lambda j, c: j.transcript_partial("he"),
    "transcript_ready": lambda j, c: j.transcript_ready(Transcript("hello", "en"), _call()),
    "tool_started": lambda j, c: j.tool_started(ToolRequest("1", "n", {}), "s", 1),
    "tool_finished": lambda j, c: j.tool_finished(c, ToolResult(True, {"ok": True}), None),
    "reply_delta": lambda j, c: j.reply_delta("hi"),
    "call_finished": lambda j, c: j.call_finished(_call(), ends_stage=True),
    "reply_ready": lambda j, c: j.reply_ready("hi", "en"),
    "chunk_ready": lambda j, c: j.chunk_ready(0, "hi", _AUDIO),
    "audio_ready": lambda j, c: j.audio_ready(_AUDIO, _call()),
    "stage_skipped": lambda j, c: j.stage_skipped(Stage.TTS, "no voice"),
    "stage_failed": lambda j, c: j.stage_failed(
        Failure("INTERNAL", "m", Stage.TTS), _call(CallStatus.FAILED), will_retry=False
    ),
    "turn_finished": lambda j, c: j.turn_finished({}, None),
}


def test_every_method_of_the_journal_is_listed() -> None:
    assert set(_WRITES) == {name for name in vars(Journal) if not name.startswith("_")}


async def test_each_method_writes_while_the_attempt_owns_the_turn(database: Database, viewer: Viewer) -> None:
    claim = await claimed(database, await send_recording(database, viewer, await open_session(database, viewer)))
    journal = DatabaseJournal(database, STORE, claim)
    context = await journal.tool_started(ToolRequest("0", "n", {}), "s", 0)
    before = await everything(database)
    for name, write in _WRITES.items():
        await write(journal, context)
        await journal.close(5)
        after = await everything(database)
        assert after != before, name
        assert len(after["events"]) > len(before["events"]) or name == "call_finished", f"{name} writes no event"
        before = after


@pytest.mark.parametrize("by", ["another attempt", "its end"])
@pytest.mark.parametrize("had_written", [False, True])
async def test_no_method_writes_once_the_attempt_is_fenced_off(
    database: Database, viewer: Viewer, by: str, had_written: bool
) -> None:
    claim = await claimed(database, await send_recording(database, viewer, await open_session(database, viewer)))
    journal = DatabaseJournal(database, STORE, claim)
    context = ToolContext(str(claim.tenant_id), str(claim.session_id), "0" * 32)
    if had_written:
        context = await journal.tool_started(ToolRequest("0", "n", {}), "s", 0)
    later = await claimed(database, claim.turn_id)
    if by == "its end":
        await end(database, later)
    before = await everything(database)
    for name, write in _WRITES.items():
        with pytest.raises(Superseded):
            await write(journal, context)
            await journal.close(5)
            await write(journal, context)
        assert await everything(database) == before, name


async def test_a_takeover_at_any_moment_leaves_complete_commits(database: Database, viewer: Viewer) -> None:
    """The old attempt writes continuously while the turn is taken over: its events precede the new TurnStarted, without
    a gap.
    """
    session_id = await open_session(database, viewer)
    turn_id = await send_recording(database, viewer, session_id)

    async def write_on() -> int:
        journal = DatabaseJournal(database, STORE, await claimed(database, turn_id))
        wrote = 0
        with pytest.raises(Superseded):
            while True:
                await journal.reply_delta(str(wrote))
                wrote += 1
        return wrote

    old = asyncio.create_task(write_on())
    await eventually(lambda: scalar(database, "select count(*) from events where type = 'ReplyDelta'"))
    await claimed(database, turn_id)
    wrote = await old
    events = await events_of(database, session_id)
    texts = [event.data["text"] for event in events if event.type is EventType.REPLY_DELTA]
    assert texts == [str(number) for number in range(len(texts))]
    assert 0 < len(texts) <= wrote
    assert events[-1].type is EventType.TURN_STARTED
