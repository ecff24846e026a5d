"""Time limits count an engine's own time: a slow reader does not use it up, hanging native code blocks no turn."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from db.enums import Stage
from db.errors import EngineUnavailable
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.engines.in_thread import iterate_in_thread
from inference.lender import Lender
from inference.ports import ChatFinished, ChatRequest, TextDelta, ToolRequest
from inference.turn.call_meter import CallMeter, StageError
from inference.turn.limits import TurnLimits
from inference.turn.retries import RetryOn
from inference.turn.timing import TurnClock
from tests.inference.turn.turns import RECORDING, run, work

LIMITS = TurnLimits(recording_seconds=60, stall_seconds=5, stage_seconds=5, tool_seconds=1)
SENTENCES = "One sentence is here. " * 30


def _meter(lender: Lender[Any]) -> CallMeter:
    now = datetime.now(UTC)
    return CallMeter(TurnClock(now, now), Stage.LLM, lender.info)


async def _give(*texts: str, pause: float = 0) -> AsyncIterator[str]:
    for text in texts:
        await asyncio.sleep(pause)
        yield text


async def test_a_reply_that_is_spoken_for_longer_than_the_language_model_may_work_is_finished() -> None:
    async with asyncio.timeout(20):
        journal = await run(work(), llm=FakeChatModel(lambda _: SENTENCES), tts=FakeSynthesizer(delay=0.04), stage=1)
    assert journal.failure is None
    assert len(journal.told("chunk_ready")) == 30
    (said,) = [call for call in journal.calls if call.stage is Stage.LLM]
    assert said.duration_ms < 1000


@pytest.mark.parametrize("stage", [Stage.ASR, Stage.LLM, Stage.TTS])
async def test_an_engine_that_works_for_longer_than_its_stage_may_fails_it(stage: Stage) -> None:
    slow = {
        Stage.ASR: {"asr": FakeTranscriber(" ".join("abcdefghijkl"), delay=0.1)},
        Stage.LLM: {"llm": FakeChatModel(lambda _: SENTENCES, delay=0.1)},
        Stage.TTS: {"tts": FakeSynthesizer(delay=0.8)},
    }[stage]
    async with asyncio.timeout(20):
        journal = await run(work(text=None, recording=RECORDING), stage=0.5, **slow)  # type: ignore[arg-type]
    assert journal.failure is not None
    assert (journal.failure.code, journal.failure.stage) == ("ENGINE_UNAVAILABLE", stage)


async def test_an_engine_that_is_done_is_free_although_its_reader_is_not() -> None:
    lender = Lender(FakeChatModel(concurrency=1), wait_seconds=2)
    meter = _meter(lender)
    async with aclosing(meter.stream(lender, lambda _: _give("one", "two", "three"), limits=LIMITS)) as items:
        assert await anext(items) == "one"
        async with lender.lend():  # although two items are unread
            pass
        assert [item async for item in items] == ["two", "three"]


async def test_a_slow_reader_costs_no_engine_time() -> None:
    lender = Lender(FakeChatModel(), wait_seconds=5)
    meter = _meter(lender)
    limits = TurnLimits(recording_seconds=60, stall_seconds=1, stage_seconds=1, tool_seconds=1)
    seen = []
    async with aclosing(
        meter.stream(lender, lambda _: _give("one", "two", "three", pause=0.01), limits=limits)
    ) as items:
        async for item in items:
            seen.append(item)
            await asyncio.sleep(0.4)
    assert seen == ["one", "two", "three"]
    assert meter.finished().duration_ms < 1000


async def test_a_stream_without_end_waits_for_its_reader() -> None:
    made = 0

    async def endless() -> AsyncIterator[int]:
        nonlocal made
        while True:
            await asyncio.sleep(0)
            made += 1
            yield made

    lender = Lender(FakeChatModel(), wait_seconds=5)
    async with aclosing(_meter(lender).stream(lender, lambda _: endless(), limits=LIMITS)) as items:
        assert await anext(items) == 1
        for _ in range(3000):
            await asyncio.sleep(0)
        assert made < 1100
        for expected in range(2, 2500):
            assert await anext(items) == expected


async def test_closing_stops_the_engine_and_gives_it_back() -> None:
    lender = Lender(FakeChatModel(concurrency=1), wait_seconds=2)
    before = asyncio.all_tasks()
    items = _meter(lender).stream(lender, lambda _: _give(*"abc", pause=0.05), limits=LIMITS)
    assert await anext(items) == "a"
    await items.aclose()
    async with lender.lend():
        assert asyncio.all_tasks() == before


class _Native(FakeChatModel):
    """Answers from a thread that ignores cancellation, as native code does, once ``released`` is set."""

    def __init__(self) -> None:
        super().__init__(concurrency=1)
        self.released = threading.Event()

    async def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        def produce(_: threading.Event) -> Iterator[TextDelta]:
            self.released.wait(30)
            yield TextDelta("late")

        async for item in iterate_in_thread(produce):
            yield item


async def test_native_code_that_hangs_ends_its_stage_and_keeps_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.turn.call_meter.STOP_SECONDS", 0.1)
    monkeypatch.setattr("inference.lender.STOP_SECONDS", 0.1)
    engine = _Native()
    lender = Lender(engine, wait_seconds=0.1)
    limits = TurnLimits(recording_seconds=60, stall_seconds=0.1, stage_seconds=5, tool_seconds=1)
    meter = _meter(lender)
    try:
        async with asyncio.timeout(30):
            with pytest.raises(StageError) as ended:
                async for _ in meter.stream(lender, lambda model: model.reply(None), limits=limits):  # type: ignore[arg-type]
                    pass
            assert ended.value.retry_on is RetryOn.OTHER_ENGINE
            assert ended.value.call is not None
            assert ended.value.call.duration_ms >= 100
            with pytest.raises(StageError, match="busy"):  # it still runs
                async for _ in _meter(lender).stream(lender, lambda _: _give("x"), limits=limits):
                    pass
    finally:
        engine.released.set()
    async with asyncio.timeout(30):
        while not await _is_free(lender):  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(0.01)


async def _is_free(lender: Lender[Any]) -> bool:
    try:
        return [x async for x in _meter(lender).stream(lender, lambda _: _give("x"), limits=LIMITS)] == ["x"]
    except StageError:
        return False


class _Hub(FakeChatModel):
    """Downloads its model from a hub that hangs until ``released`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.released = asyncio.Event()
        self.loads = 0

    async def load(self) -> None:
        self.loads += 1
        await self.released.wait()


async def test_a_model_hub_that_hangs_makes_its_engine_unavailable() -> None:
    hub = _Hub()
    lender = Lender(hub, wait_seconds=5, load_seconds=0.2)
    async with asyncio.timeout(30):
        found = await asyncio.gather(*(lender.load() for _ in range(3)), return_exceptions=True)
        assert all(isinstance(each, EngineUnavailable) for each in found)
        with pytest.raises(EngineUnavailable, match="VOXLOOM_ENGINE_LOAD_SECONDS"):
            async with lender.lend():  # at once: the time limit of the load is over
                pass
        assert "not loaded" in str(lender.error)
        hub.released.set()
        while not lender.loaded:  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(0.01)
        async with lender.lend():  # the late load serves later turns
            assert (hub.loads, lender.error) == (1, None)
        await lender.close()


async def test_an_engine_that_is_still_loading_is_closed() -> None:
    lender = Lender(_Hub(), wait_seconds=5, load_seconds=60)
    loading = asyncio.create_task(lender.load())
    await asyncio.sleep(0.05)
    async with asyncio.timeout(30):
        await lender.close()
        with pytest.raises(EngineUnavailable, match="closed"):
            await loading
