"""Failover: after a worker's death the next attempt resumes at the last commit and repeats nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import select

from db.audio.decoder_pool import DecoderPool
from db.enums import EventType, ToolCallStatus, TurnStatus
from db.models.conversation import Message, Turn
from db.models.work import CrmRecord, ToolCall
from db.postgres.database import Database
from db.viewer import Viewer
from inference.audio.wav import encode_wav
from inference.engines.fake.chat import FakeChatModel, echo
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.journal.database_journal import DatabaseJournal
from inference.ports import ChatRequest, ToolRequest
from inference.tools.client import McpToolBox
from inference.turn.limits import TurnLimits
from inference.worker.runner import TurnInterrupted, TurnRunner
from tests.conftest import lent
from tests.db.rows import STORE, events_of, open_session, send_recording

_SAID = 'file billing_query {"query": "my bill", "intent": "billing"}'
_RECORDING = encode_wav((0.3 * np.sin(np.arange(16_000) / 10)).astype(np.float32), 16_000)


class Worker:
    """Engines and runner of one process, with counts of model calls."""

    def __init__(self, database: Database, toolbox: McpToolBox, decoder: DecoderPool) -> None:
        self.asked: Counter[str] = Counter()
        self.heard = FakeTranscriber(_SAID)
        engines = lent(self.heard, FakeChatModel(self._script), FakeSynthesizer())
        limits = TurnLimits(recording_seconds=60, stall_seconds=10, stage_seconds=30, tool_seconds=10)
        self.runner = TurnRunner(database, STORE, engines=engines, decoder=decoder, toolbox=toolbox, limits=limits)

    def _script(self, request: ChatRequest) -> str | Sequence[ToolRequest]:
        answer = echo(request)
        self.asked["words" if isinstance(answer, str) else "tools"] += 1
        return answer


@pytest.fixture
async def toolbox(database: Database) -> AsyncIterator[McpToolBox]:
    async with McpToolBox(database) as opened:
        yield opened


@pytest.fixture
async def decoder() -> AsyncIterator[DecoderPool]:
    async with DecoderPool(2, wait_seconds=10) as opened:
        yield opened


async def die_at(
    worker: Worker, turn_id: UUID, patch: pytest.MonkeyPatch, *, owner: type, method: str, when: str
) -> None:
    """Runs the turn until just before or after ``method``; later writes are dropped."""
    reached = asyncio.Event()
    original = getattr(owner, method)

    async def deadly(*given: Any, **named: Any) -> Any:
        if when == "after":
            await original(*given, **named)
        reached.set()
        await asyncio.sleep(3600)

    with patch.context() as patched:
        patched.setattr(owner, method, deadly)
        running = asyncio.create_task(worker.runner.run(turn_id))
        async with asyncio.timeout(20):
            await reached.wait()
        running.cancel()
        with suppress(TurnInterrupted, asyncio.CancelledError):
            await running


_CHECKPOINTS = (
    "transcript_ready",
    "tool_started",
    "tool's own commit",
    "tool_finished",
    "reply_ready",
    "chunk_ready",
    "audio_ready",
    "turn_finished",
)
_MOMENTS = [(when, method) for method in _CHECKPOINTS for when in ("before", "after")]


@pytest.mark.parametrize("moment", _MOMENTS, ids=" ".join)
async def test_a_resumed_turn_loses_and_repeats_nothing(
    database: Database,
    viewer: Viewer,
    toolbox: McpToolBox,
    decoder: DecoderPool,
    monkeypatch: pytest.MonkeyPatch,
    *,
    moment: tuple[str, str],
) -> None:
    when, method = moment
    session_id = await open_session(database, viewer)
    turn_id = await send_recording(database, viewer, session_id, _RECORDING)
    first, second = Worker(database, toolbox, decoder), Worker(database, toolbox, decoder)
    owner, name = (McpToolBox, "call") if method == "tool's own commit" else (DatabaseJournal, method)
    await die_at(first, turn_id, monkeypatch, owner=owner, method=name, when=when)
    await second.runner.run(turn_id)

    async with database.reading() as session:
        turn = (await session.execute(select(Turn).where(Turn.id == turn_id))).scalar_one()
        messages = (await session.scalars(select(Message).order_by(Message.id))).all()
        (call,) = (await session.scalars(select(ToolCall))).all()
        (record,) = (await session.scalars(select(CrmRecord))).all()
    over = method == "turn_finished" and when == "after"
    assert (turn.status, turn.attempt) == (TurnStatus.COMPLETED, 1 if over else 2)
    assert [each.text for each in messages] == [_SAID, "The tool billing_query said yes."]
    assert all(each.audio_id is not None for each in messages)
    assert (call.status, record.tool_call_id) == (ToolCallStatus.ACCEPTED, call.id)

    told = Counter(each.type for each in await events_of(database, session_id))
    for once in (
        EventType.TURN_QUEUED,
        EventType.TRANSCRIPT_READY,
        EventType.TOOL_CALL_FINISHED,
        EventType.REPLY_READY,
        EventType.AUDIO_READY,
        EventType.TURN_COMPLETED,
    ):
        assert told[once] == 1, once

    transcribed = not (method == "transcript_ready" and when == "before")
    assert second.heard.calls == ([] if transcribed else ["en"]), "a stored transcript is used again"
    order = ["transcript_ready", "tool_started", "tool's own commit", "tool_finished", "reply_ready"]
    written = method not in order or (method == "reply_ready" and when == "after")
    if method in ("reply_ready", "audio_ready", "turn_finished"):
        assert bool(second.asked["words"]) is not written, "a stored reply is used again"
    wanted = method in ("transcript_ready", "tool_started") and (method, when) != ("tool_started", "after")
    assert bool(second.asked["tools"]) is wanted, "a tool that was asked for is not asked for again"
