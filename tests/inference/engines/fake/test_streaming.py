"""The fake streaming transcriber: contract of streaming transcribers, and that it takes the time it is given."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from inference.engines.fake.streaming import FakeStreamingTranscriber, script
from inference.lane import Lane, Priority, use_lane
from inference.ports import SAMPLE_RATE, Samples, StreamingTranscriber
from inference.testing.streaming_transcriber import StreamingTranscriberContract
from tests.speech_samples import clips


class TestFakeStreamingTranscriber(StreamingTranscriberContract):
    said = clips()["jfk"].text

    @pytest.fixture
    def speech(self) -> Samples:
        return clips()["jfk"].samples

    @pytest.fixture
    def engine(self) -> StreamingTranscriber:
        return FakeStreamingTranscriber(script(self.said))


def _sound(seconds: float) -> Samples:
    return np.full(round(seconds * SAMPLE_RATE), 0.1, np.float32)


async def test_words_come_at_their_time_and_each_turn_has_its_script() -> None:
    engine = FakeStreamingTranscriber([("yes", 0.5)], [("no", 0.2), ("thanks", 0.8)])
    heard = []
    for _ in range(3):
        stream = engine.listen(language="en")
        stream.feed(_sound(0.5))
        heard.append((await stream.partial(), (await stream.final()).text))
    assert heard == [("yes", "yes"), ("no", "no"), ("no", "no")]


async def test_it_works_on_the_lane_for_as_long_as_it_is_told() -> None:
    engine = FakeStreamingTranscriber(real_time_factor=0.05)
    lane = Lane(1)
    with use_lane(lane, Priority.FINAL):
        stream = engine.listen(language="en")
    stream.feed(_sound(2.0))
    loop = asyncio.get_running_loop()
    began = loop.time()
    other = asyncio.create_task(lane.run(Priority.QUEUED, loop.time))
    final = asyncio.create_task(stream.final())
    await asyncio.sleep(0)
    busy = asyncio.create_task(lane.run(Priority.PARTIAL, loop.time))
    await final
    assert await busy - began >= 0.1
    await other
    stream.pause()
    began = loop.time()
    await stream.final()
    assert loop.time() - began < 0.1  # all of it was decoded before
    await lane.close()


async def test_it_raises_what_it_was_told_to() -> None:
    stream = FakeStreamingTranscriber(error=ValueError("told")).listen(language=None)
    stream.feed(_sound(1.0))
    with pytest.raises(ValueError, match="told"):
        await stream.final()
