"""Runs a live call with fakes around it; the caller's audio arrives as fast as the call takes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from uuid import UUID

import numpy as np

from db.enums import CallEndReason, PlaybackSource
from inference.audio.vad import FRAME
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.lane import Lane
from inference.live.call import Call, CallParts
from inference.live.caller_events import ReplyAudio, ReplyFinished, ReplyStarted
from inference.live.ports import CallerGone
from inference.live.times import CallTimes
from inference.ports import Samples, Superseded
from inference.turn.attempt import TurnSetup
from inference.turn.limits import TurnLimits
from inference.turn.retries import RetryPolicy
from tests.conftest import lent
from tests.inference.live.fakes import FakeRecognizer, FakeRecord, FakeSpeaker, FakeVoiceDetector, silence, spoken
from tests.inference.turn.turns import OneTool

E = TypeVar("E")
COMPLETE = 0.99


class NoDecoder:
    """A live turn has its text: no recording is decoded."""

    async def recording(self, data: bytes, **_: object) -> Any:
        raise AssertionError("a live turn decodes no recording")


class Caller:
    """A caller: their call, its record, what they are sent and what they say."""

    def __init__(self, call: Call, record: FakeRecord, speaker: FakeSpeaker) -> None:
        self.call, self.record, self.speaker = call, record, speaker
        self.running = asyncio.create_task(call.run())

    async def hear(self, samples: Samples) -> None:
        """Sends audio frame by frame; the call handles each before the next."""
        for start in range(0, samples.size, FRAME):
            await self.call.hear(samples[start : start + FRAME])
            await settle()

    async def hear_fast(self, samples: Samples) -> None:
        """Sends audio by the second."""
        for start in range(0, samples.size, 16_000):
            await self.call.hear(samples[start : start + 16_000])
            await settle()

    async def say(self, text: str, *, pause: float = 0.0) -> None:
        await self.hear(spoken(text))
        await self.hear(silence(pause))

    async def wait(self, seconds: float) -> None:
        await self.hear(silence(seconds))

    def all(self, kind: type[E]) -> list[E]:
        return [each for each in self.speaker.events if isinstance(each, kind)]

    def kinds(self, *but: type) -> list[str]:
        """The names of the events so far, runs of the same as one."""
        names = [type(each).__name__ for each in self.speaker.events if not isinstance(each, but)]
        return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]

    def play(self, ms: float | None = None, source: PlaybackSource = PlaybackSource.ACKS) -> None:
        """Reports the playback of the last reply: so many milliseconds, or all."""
        reply = self.all(ReplyStarted)[-1].reply_id
        self.call.played(reply, self.speaker.audio_ms(reply) if ms is None else ms, source)

    def play_of(self, reply_id: UUID, ms: float) -> None:
        """Reports that so many milliseconds of a reply were played."""
        self.call.played(reply_id, ms, PlaybackSource.ACKS)

    async def until(self, done: Callable[[], bool], seconds: float = 20.0) -> None:
        """Real time passes until it is so, without audio."""
        for _ in range(round(seconds * 1000)):
            if done():
                return
            await asyncio.sleep(0.001)
        raise TimeoutError(self.kinds(), self.record.names)

    async def answered(self, replies: int = 1) -> None:
        """Waits until so many replies are complete."""
        await self.until(lambda: len(self.all(ReplyFinished)) >= replies and bool(self.all(ReplyAudio)))


async def settle(rounds: int = 12) -> None:
    """Lets the tasks that are ready run."""
    for _ in range(rounds):
        await asyncio.sleep(0)


def call_parts(
    *,
    recognizer: FakeRecognizer | None = None,
    llm: FakeChatModel | None = None,
    tts: FakeSynthesizer | None = None,
    toolbox: OneTool | None = None,
    times: CallTimes | None = None,
    score: Callable[[Samples], float] = lambda _: COMPLETE,
    greeting: bool = False,
    lane: Lane | None = None,
) -> CallParts:
    async def scored(samples: Samples) -> float:
        return score(np.asarray(samples))

    limits = TurnLimits(
        recording_seconds=60,
        stall_seconds=5,
        stage_seconds=10,
        tool_seconds=2,
        retry=RetryPolicy(2, pause_seconds=0.01),
    )
    engines = lent(FakeTranscriber(), llm or FakeChatModel(), tts or FakeSynthesizer())
    setup = TurnSetup(engines, NoDecoder(), toolbox or OneTool(), limits, lane=lane)
    return CallParts(setup, recognizer or FakeRecognizer(), FakeVoiceDetector, scored, times or CallTimes(), greeting)


@asynccontextmanager
async def calling(record: FakeRecord | None = None, **given: Any) -> AsyncIterator[Caller]:
    """A call that runs; it is hung up at the end. ``given``: as for ``call_parts``."""
    record, speaker = record or FakeRecord(), FakeSpeaker()
    caller = Caller(Call(record, speaker, call_parts(**given), real_time=False), record, speaker)
    try:
        yield caller
    finally:
        await end(caller)


async def end(caller: Caller) -> None:
    """Hangs up, and waits for the call's task."""
    with suppress(CallerGone, Superseded):
        async with asyncio.timeout(30):
            await caller.call.hang_up(CallEndReason.CALLER)
            await asyncio.wait({caller.running})
    caller.running.cancel()
    await asyncio.gather(caller.running, return_exceptions=True)
