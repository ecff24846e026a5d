"""Replies on the lane: who waits in silence is served first; partial words and scores pass speech far ahead."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator

import numpy as np
import pytest

from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.synthesizer_base import SynthesizerBase
from inference.lane import Lane, LanePlace, Priority, current_lane
from inference.live.caller_events import ReplyFinished
from inference.live.outbox import Outbox
from inference.live.reply_lane import reply_on_lane
from inference.live.spoken_reply import SpokenReply
from inference.live.tape import CallTape
from inference.ports import EngineInfo, Samples, Speech
from inference.turn.reply_relay import ReplyRelay
from tests.inference.live.calls import calling
from tests.inference.live.fakes import FakeRecord, FakeSpeaker


@pytest.fixture
async def lane() -> AsyncIterator[Lane]:
    made = Lane(2)
    async with asyncio.timeout(20):
        yield made
        await made.close()


def speech(seconds: float) -> Speech:
    return Speech(np.full(round(seconds * 1000), 0.1, np.float32), 1000, "words")


class _Noting(SynthesizerBase):
    """Notes the pieces in the order in which they are made; its first waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.concurrency = 4
        self.info = EngineInfo("noting", "noting")
        self.made: list[str] = []
        self.begun, self.let_go = threading.Event(), threading.Event()

    def _load(self) -> int:
        return 1000

    def _unload(self) -> None: ...

    def _has_voice(self, voice: str | None, language: str) -> bool:
        return True

    def _render(self, words: str, *, language: str, voice: str | None, seed: int) -> Samples:
        self.made.append(words)
        self.begun.set()
        assert self.let_go.wait(10)
        return np.full(600, 0.1, np.float32)


async def test_a_first_piece_does_not_wait_for_later_pieces_of_other_replies(lane: Lane) -> None:
    engine, playing, waiting = _Noting(), ReplyRelay(), ReplyRelay()
    await engine.load()
    playing.piece(speech(1.0))

    async def say(text: str, relay: ReplyRelay) -> None:
        with reply_on_lane(lane, relay):
            async for each in engine.synthesize(text, language="en", voice=None):
                relay.piece(each)

    others = [asyncio.create_task(say(text, playing)) for text in ("One.", "Two.", "Three.")]
    assert await asyncio.to_thread(engine.begun.wait, 10)
    first = asyncio.create_task(say("First.", waiting))
    await asyncio.sleep(0.01)
    engine.let_go.set()
    await asyncio.gather(first, *others)
    await engine.close()
    assert engine.made == ["One.", "First.", "Two.", "Three."]


async def test_speech_is_as_urgent_as_the_caller_is_near_silence(lane: Lane) -> None:
    relay = ReplyRelay()
    with reply_on_lane(lane, relay):
        place = current_lane()
    assert isinstance(place, LanePlace)
    urgency = place.urgency
    assert not isinstance(urgency, Priority)
    seen = [urgency()]
    for seconds in (0.2, 1.0, 1.0):
        relay.piece(speech(seconds))
        seen.append(urgency())
    assert seen == [Priority.FIRST_SPEECH, Priority.FIRST_SPEECH, Priority.SPEECH, Priority.SPEECH_AHEAD]
    relay.restarted()
    assert urgency() is Priority.FIRST_SPEECH


async def test_playback_brings_speech_that_waits_nearer() -> None:
    now = 100.0
    relay = ReplyRelay(now=lambda: now)
    relay.piece(speech(3.0))
    now += 10
    assert relay.lead == 3.0  # nothing is played before the release
    relay.release(
        SpokenReply(Outbox(FakeSpeaker(), lambda: None), CallTape(lambda _: None, records=False), None, lambda: now)
    )
    now += 2
    assert relay.lead == 1.0
    now += 2
    assert relay.lead == -1.0
    relay.piece(speech(0.5))
    assert relay.lead == 0.5
    await relay.close()


async def test_a_job_that_waits_may_become_urgent() -> None:
    lane, held, order = Lane(1), threading.Event(), list[str]()
    urgency = Priority.SPEECH_AHEAD
    busy = asyncio.create_task(lane.run(Priority.FINAL, lambda: held.wait(10)))
    speaking = asyncio.create_task(lane.run(lambda: urgency, lambda: order.append("speech")))
    partial = asyncio.create_task(lane.run(Priority.PARTIAL, lambda: order.append("partial")))
    await asyncio.sleep(0.01)
    urgency = Priority.FIRST_SPEECH
    held.set()
    await asyncio.gather(busy, speaking, partial)
    assert order == ["speech", "partial"]
    await lane.close()


async def test_a_greeting_is_urgent_speech_too(lane: Lane) -> None:
    places: list[LanePlace | None] = []

    class Placed(FakeSynthesizer):
        def synthesize(self, text: str, *, language: str, voice: str | None) -> AsyncGenerator[Speech, None]:
            places.append(current_lane())
            return super().synthesize(text, language=language, voice=voice)

    async with calling(FakeRecord(), tts=Placed(), greeting=True, lane=lane) as caller:
        await caller.until(lambda: bool(caller.all(ReplyFinished)))
    assert [None if place is None else place.lane for place in places][:1] == [lane]
