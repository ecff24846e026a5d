"""Retries: which failures are retried, with which engine, and how often."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from db.enums import CallStatus, Stage
from db.errors import EngineUnavailable, TransientEngineError
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.ports import (
    ChatFinished,
    ChatRequest,
    TextDelta,
    ToolRequest,
)
from tests.inference.turn.turns import RECORDING, OneTool, run, work


class Flaky(FakeChatModel):
    """A chat model whose first ``times`` replies fail after one word."""

    def __init__(self, times: int, error: Exception) -> None:
        super().__init__()
        self.asked = 0
        self._times = times
        self._failing = FakeChatModel(error=error, error_after=1)

    def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        self.asked += 1
        return self._failing.reply(request) if self.asked <= self._times else super().reply(request)


async def test_what_passes_is_tried_again_with_the_same_engine() -> None:
    llm = Flaky(2, TransientEngineError("busy"))
    journal = await run(work(), llm=llm)
    assert llm.asked == 3
    assert journal.failure is None
    assert [will_retry for _, will_retry in journal.told("stage_failed")] == [True, True]
    assert [call.status for call in journal.calls if call.stage is Stage.LLM] == [
        CallStatus.FAILED,
        CallStatus.FAILED,
        CallStatus.OK,
    ]
    assert len(journal.told("reply_ready")) == 1


async def test_tries_are_bounded() -> None:
    llm = Flaky(100, TransientEngineError("busy"))
    journal = await run(work(), llm=llm)
    assert llm.asked == 3
    assert journal.failure is not None
    assert [will_retry for _, will_retry in journal.told("stage_failed")] == [True, True, False]


async def test_what_cannot_pass_is_not_tried_again() -> None:
    llm = Flaky(1, EngineUnavailable("no such model"))
    journal = await run(work(), llm=llm)
    assert llm.asked == 1
    assert journal.failure is not None


@pytest.mark.parametrize("stage", ["asr", "llm", "tts"])
async def test_another_engine_takes_over(stage: str) -> None:
    broken = EngineUnavailable("gone")
    all_engines: dict[str, dict[str, Any]] = {
        "asr": {"asr": [FakeTranscriber(error=broken), FakeTranscriber("second")]},
        "llm": {"llm": [FakeChatModel(error=broken), FakeChatModel(lambda _: "From the second.")]},
        "tts": {"tts": [FakeSynthesizer(error=broken), FakeSynthesizer()]},
    }
    journal = await run(work(text=None, recording=RECORDING), **all_engines[stage])
    assert journal.failure is None
    assert [will_retry for _, will_retry in journal.told("stage_failed")] == [True]
    statuses = [call.status for call in journal.calls if call.stage.value == stage.upper()]
    assert statuses == [CallStatus.FAILED, CallStatus.OK]
    assert len(journal.told("audio_ready")) == 1


async def test_an_engine_that_stalls_is_replaced() -> None:
    journal = await run(work(), llm=[FakeChatModel(delay=30), FakeChatModel()], stall=0.1)
    assert journal.failure is None
    assert journal.told("reply_ready")[0][0].startswith("You said")


async def test_a_bad_recording_is_not_tried_with_another_engine() -> None:
    asr = FakeTranscriber()
    journal = await run(work(text=None, recording=b"no sound at all"), asr=[asr, asr])
    assert journal.failure is not None
    assert journal.failure.code == "AUDIO_UNREADABLE"
    assert asr.calls == []


async def test_tools_are_not_run_again_when_the_model_is_replaced() -> None:
    toolbox = OneTool()
    asked = 0

    def script(request: ChatRequest) -> list[ToolRequest]:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise EngineUnavailable("gone after the tool")
        return [ToolRequest("1", "note", {})]

    journal = await run(work(), llm=[FakeChatModel(script), FakeChatModel()], toolbox=toolbox)
    assert journal.failure is None
    assert len(toolbox.calls) == 1
    assert journal.told("reply_ready")[0][0] == "The tool note said yes."
