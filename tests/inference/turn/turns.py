"""Runs turns through the pipeline with fake engines and an in-memory journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.audio.decoder_pool import DecoderPool
from inference.audio.wav import encode_wav
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.lender import Engines
from inference.ports import (
    RecordingDecoder,
    ToolContext,
    ToolResult,
    ToolSpec,
)
from inference.turn.inputs import TurnInputs
from inference.turn.limits import TurnLimits
from inference.turn.pipeline import Pipeline
from inference.turn.retries import RetryPolicy
from inference.turn.timing import TurnClock
from tests.conftest import lent
from tests.inference.turn.journal import MemoryJournal

RECORDING = encode_wav((0.3 * np.sin(np.arange(16_000) / 10)).astype(np.float32), 16_000)
SILENCE = encode_wav(np.zeros(16_000, dtype=np.float32), 16_000)


class OneTool:
    """A tool box with one tool; ``error``: raised by each call. ``seconds``: duration of a call."""

    def __init__(
        self, error: Exception | None = None, seconds: float = 0, name: str = "note", repeatable: bool = False
    ) -> None:
        self._name = name
        self._repeatable = repeatable
        self.calls: list[tuple[str, Mapping[str, Any], ToolContext]] = []
        self._error = error
        self._seconds = seconds

    async def tools(self, _: AgentDefinition) -> tuple[tuple[str, ToolSpec], ...]:
        return (("crm", ToolSpec(self._name, "Takes a note.", {"type": "object"}, repeatable=self._repeatable)),)

    async def call(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        self.calls.append((name, arguments, context))
        await asyncio.sleep(self._seconds)
        if self._error is not None:
            raise self._error
        return ToolResult(True, {"ok": True})


def work(**changes: Any) -> TurnInputs:
    given: dict[str, Any] = {
        "tenant_id": UUID(int=1),
        "session_language": "en",
        "earlier_language": None,
        "agent": builtin_agents()["billing_agent"],
        "known": {"customer_id": "c"},
        "history": (),
        "text": "hello there. how are you?",
        "recording": None,
        "reply": None,
        "spoken": False,
        "used": (),
        "pending": (),
    }
    return TurnInputs(**{**given, **changes})


async def run(
    turn: TurnInputs,
    *,
    asr: FakeTranscriber | Sequence[FakeTranscriber] | None = None,
    llm: FakeChatModel | Sequence[FakeChatModel] | None = None,
    tts: FakeSynthesizer | Sequence[FakeSynthesizer] | None = None,
    draft: FakeTranscriber | None = None,
    engines: Engines | None = None,
    toolbox: OneTool | None = None,
    journal: MemoryJournal | None = None,
    decoder: RecordingDecoder | None = None,
    stall: float = 5,
    stage: float = 10,
    language_of: Callable[[str], str | None] = lambda _: None,
) -> MemoryJournal:
    journal = journal or MemoryJournal()
    now = datetime.now(UTC)
    async with DecoderPool(1, wait_seconds=10) as decoders:  # starts a process when a recording is decoded
        pipeline = Pipeline(
            turn,
            engines=engines or lent(asr or FakeTranscriber(), llm or FakeChatModel(), tts or FakeSynthesizer(), draft),
            decoder=decoder or decoders,
            toolbox=toolbox or OneTool(),
            journal=journal,
            clock=TurnClock(now, now),
            limits=TurnLimits(
                recording_seconds=60,
                stall_seconds=stall,
                stage_seconds=stage,
                tool_seconds=0.2,
                retry=RetryPolicy(3, pause_seconds=0.01),
            ),
            language_of=language_of,
        )
        await pipeline.run()
    return journal
