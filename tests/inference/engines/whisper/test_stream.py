"""Recognition of a turn by scripted models: what is decoded when, at which priority, and what is kept. No weights.

Audio is a level for each frame; ``Loud`` finds speech where it is not silent. The scripted model's words name the
levels that it hears, so that lost and doubled audio shows.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from db.errors import EngineUnavailable
from inference.audio.vad import FRAME, SpeechDetector
from inference.engines.whisper.decoding import MAX_TOKENS, Decoded, Stopped
from inference.engines.whisper.stream import StreamModels, WhisperStream
from inference.lane import Lane, Priority
from inference.ports import SAMPLE_RATE, Samples


class Loud(SpeechDetector):
    """Frames that are not silent are speech."""

    def run(self, windows: NDArray[np.float32], state: Any) -> Any:
        return (np.abs(windows[:, 32:]).max(axis=1) > 0).astype(np.float32), state


class Listening:
    """A model whose words are the levels of its audio, in hundredths. ``seconds``: of each decode's audio."""

    languages = ("en", "de")

    def __init__(self, probabilities: Mapping[str, float] | None = None) -> None:
        self.probabilities = probabilities or {"en": 0.9, "de": 0.1}
        self.seconds: list[float] = []
        self.languages_asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.error: Exception | None = None

    def encode(self, samples: Samples, seconds: float) -> Samples:
        return samples

    def language_probabilities(self, features: Samples) -> Mapping[str, float]:
        return self.probabilities

    def decode(
        self,
        features: Samples,
        language: str,
        temperature: float,
        stop: threading.Event,
        *,
        beams: int = 1,
        max_tokens: int = MAX_TOKENS,
    ) -> Decoded:
        self.begun.set()
        assert self.gate.wait(10)
        if stop.is_set():
            raise Stopped
        if self.error is not None:
            raise self.error
        self.seconds.append(round(features.size / SAMPLE_RATE, 1))
        self.languages_asked.append(language)
        levels = [level for level, _ in groupby(np.rint(features * 100).astype(int).tolist()) if level]
        return Decoded(" ".join(f"w{level}" for level in levels), len(levels), -0.1, 0.01)


def sound(level: int, seconds: float) -> Samples:
    """Speech of a level, in whole frames."""
    return np.full(round(seconds * SAMPLE_RATE / FRAME) * FRAME, level / 100, np.float32)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine no words come less often or are dropped for a wait; tests of that set their own."""
    for name in ("_LONG_WAIT", "_STALE"):
        monkeypatch.setattr(f"inference.engines.whisper.stream.{name}", 60.0)


@pytest.fixture
async def lane() -> AsyncIterator[Lane]:
    made = Lane(1)
    async with asyncio.timeout(20):
        yield made
        await made.close()


class Turn:
    """A stream with its two models."""

    def __init__(self, lane: Lane, language: str | None = "en", among: tuple[str, ...] = ()) -> None:
        self.good, self.quick = Listening(), Listening()
        self.models = StreamModels(self.good, Loud(), {"en": self.quick}, new_seconds=0.16)
        self.stream = WhisperStream(self.models, lane, language, among)

    def feed(self, *parts: Samples) -> None:
        for part in parts:
            self.stream.feed(part)

    async def text(self) -> str:
        return (await self.stream.final()).text


async def test_only_what_follows_the_last_pause_is_decoded_at_the_end(lane: Lane) -> None:
    turn = Turn(lane)
    turn.feed(sound(1, 3), sound(0, 0.6))
    turn.stream.pause()
    await asyncio.sleep(0)
    await lane.run(Priority.QUEUED, lambda: None)  # after the background's job
    assert len(turn.good.seconds) == 1
    turn.feed(sound(2, 1))
    assert await turn.text() == "w1 w2"
    assert turn.good.seconds == [pytest.approx(3.3, abs=0.2), pytest.approx(1.3, abs=0.2)]


async def test_silence_after_the_final_words_is_not_decoded_again(lane: Lane) -> None:
    turn = Turn(lane)
    turn.feed(sound(1, 2), sound(0, 0.1))
    assert await turn.text() == "w1"
    for _ in range(4):
        turn.feed(sound(0, 0.3))
        turn.stream.pause()
        assert await turn.text() == "w1"
    turn.feed(sound(2, 1))
    assert await turn.text() == "w1 w2"
    assert len(turn.good.seconds) == 2


async def test_speech_after_the_final_words_is_heard_with_what_came_before(lane: Lane) -> None:
    turn = Turn(lane)
    turn.feed(sound(1, 2), sound(0, 0.1))
    assert await turn.text() == "w1"
    turn.feed(sound(2, 1), sound(0, 0.1))
    assert await turn.text() == "w1 w2"


async def test_a_long_turn_is_cut_at_its_short_pauses_and_nothing_is_lost(lane: Lane) -> None:
    turn = Turn(lane)
    for level in range(1, 15):
        turn.feed(sound(level, 2.2), sound(0, 0.3))
        await turn.stream.partial()
    assert await turn.text() == " ".join(f"w{level}" for level in range(1, 15))
    assert max(turn.good.seconds) < 13


async def test_speech_without_a_pause_is_cut_before_it_is_too_long_for_the_model(lane: Lane) -> None:
    turn = Turn(lane)
    for level in range(1, 36):
        turn.feed(sound(level, 1))
        turn.stream.pause()
    words = (await turn.text()).split()
    assert sorted(set(words), key=words.index) == [f"w{level}" for level in range(1, 36)]
    assert len(words) <= 37  # a word that is cut is heard in both
    assert max(turn.good.seconds) <= 28


async def test_partial_words_give_way_to_more_urgent_work(lane: Lane) -> None:
    turn, held = Turn(lane), threading.Event()
    turn.feed(sound(1, 1))
    other = asyncio.create_task(lane.run(Priority.FINAL, lambda: held.wait(10)))
    await asyncio.sleep(0)
    assert await turn.stream.partial() is None
    held.set()
    await other
    assert turn.quick.seconds == []
    turn.feed(sound(1, 0.2))
    assert await turn.stream.partial() == "w1"


async def test_partial_words_that_wait_long_come_less_often(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    turn, asked = Turn(lane), list[int]()

    async def ask(times: int) -> list[int]:
        asked.clear()
        for number in range(times):
            turn.feed(sound(1, 0.16))
            if await turn.stream.partial() is not None:
                asked.append(number)
        return asked

    monkeypatch.setattr("inference.engines.whisper.stream._LONG_WAIT", -1.0)
    assert await ask(12) == [0, 2, 6, 10]
    monkeypatch.setattr("inference.engines.whisper.stream._LONG_WAIT", 10.0)
    assert await ask(6) == [2, 4, 5]


async def test_partial_words_of_old_sound_are_dropped(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.engines.whisper.stream._STALE", -1.0)
    turn, held = Turn(lane), threading.Event()
    turn.feed(sound(1, 1))
    other = asyncio.create_task(lane.run(Priority.PARTIAL, lambda: held.wait(10)))
    words = asyncio.create_task(turn.stream.partial())
    await asyncio.sleep(0.01)
    turn.feed(sound(2, 1))
    held.set()
    await other
    assert await words is None
    assert turn.quick.seconds == []
    assert await turn.stream.partial() == "w1 w2"


async def test_final_words_that_nobody_waits_for_do_not_pile_up() -> None:
    lane = Lane(3)
    turn = Turn(lane)
    turn.feed(sound(1, 1), sound(0, 0.1))
    turn.good.gate.clear()
    early = asyncio.create_task(turn.text())
    assert await asyncio.to_thread(turn.good.begun.wait, 10)
    turn.good.begun.clear()
    for level in (2, 3):
        early.cancel()
        await asyncio.gather(early, return_exceptions=True)
        turn.feed(sound(level, 1), sound(0, 0.1))
        early = asyncio.create_task(turn.text())
        await asyncio.sleep(0.02)
    assert not turn.good.begun.is_set()
    turn.good.gate.set()
    assert await early == "w1 w2 w3"
    assert len(turn.good.seconds) == 1
    await lane.close()


async def test_waiting_segments_become_urgent_at_the_end(lane: Lane) -> None:
    turn = Turn(lane)
    turn.feed(sound(1, 2), sound(0, 0.6))
    held = threading.Event()
    other = asyncio.create_task(lane.run(Priority.FINAL, lambda: held.wait(10)))
    await asyncio.sleep(0.01)
    turn.stream.pause()
    ran: list[str] = []
    speech = asyncio.create_task(lane.run(Priority.SPEECH, lambda: ran.append(f"speech {len(turn.good.seconds)}")))
    await asyncio.sleep(0)
    final = asyncio.create_task(turn.text())
    await asyncio.sleep(0.01)
    held.set()
    assert await final == "w1"
    await asyncio.gather(other, speech)
    assert ran == ["speech 1"]
    assert len(turn.good.seconds) == 1


async def test_a_segment_that_is_being_decoded_is_waited_for_not_decoded_twice(lane: Lane) -> None:
    turn = Turn(lane)
    turn.feed(sound(1, 2), sound(0, 0.6))
    turn.good.gate.clear()
    turn.stream.pause()
    assert await asyncio.to_thread(turn.good.begun.wait, 10)
    final = asyncio.create_task(turn.text())
    await asyncio.sleep(0.01)
    turn.good.gate.set()
    assert await final == "w1"
    assert len(turn.good.seconds) == 1


async def test_an_error_in_the_background_is_met_again_at_the_end(lane: Lane) -> None:
    turn = Turn(lane)
    turn.feed(sound(1, 2), sound(0, 0.6))
    turn.good.error = EngineUnavailable("told")
    turn.stream.pause()
    await asyncio.sleep(0)
    await lane.run(Priority.QUEUED, lambda: None)
    with pytest.raises(EngineUnavailable, match="told"):
        await turn.text()
    turn.good.error = None
    assert await turn.text() == "w1"


async def test_partials_come_from_the_quick_model_of_the_language_and_follow_closed_segments(lane: Lane) -> None:
    turn = Turn(lane)
    turn.feed(sound(1, 1))
    assert await turn.stream.partial() == "w1"
    turn.feed(sound(0, 0.7))
    turn.good.gate.clear()
    turn.stream.pause()
    turn.good.gate.set()
    turn.feed(sound(2, 1))
    assert await turn.stream.partial() == "w1 w2"
    assert turn.quick.seconds[-1] == pytest.approx(1.2, abs=0.1)  # only what is open
    german = Turn(lane, "de")
    german.feed(sound(1, 1))
    assert await german.stream.partial() == "w1"
    assert (german.quick.seconds, german.good.languages_asked) == ([], ["de"])


async def test_partials_read_at_most_twelve_seconds_and_keep_the_words_before(lane: Lane) -> None:
    turn = Turn(lane)
    text = ""
    for level in range(1, 21):
        turn.feed(sound(level, 1))
        text = await turn.stream.partial() or text
    assert text == " ".join(f"w{level}" for level in range(1, 21))
    assert max(turn.quick.seconds) <= 12.1


async def test_the_language_is_detected_among_the_expected_ones(lane: Lane) -> None:
    turn = Turn(lane, None, ("en", "de"))
    turn.good.probabilities = {"en": 0.1, "de": 0.9}
    turn.feed(sound(1, 3), sound(0, 0.6))
    assert await turn.stream.partial() == "w1"
    turn.stream.pause()
    transcript = await turn.stream.final()
    assert (transcript.language, transcript.unexpected_language) == ("de", None)
    assert turn.quick.seconds == []


async def test_a_loop_in_a_partial_is_not_shown(lane: Lane) -> None:
    turn = Turn(lane)
    turn.feed(*(sound(level, 0.1) for _ in range(20) for level in (1, 2)))
    assert await turn.stream.partial() is None


async def test_closing_ends_a_final_that_is_under_way(lane: Lane) -> None:
    turn = Turn(lane)
    turn.feed(sound(1, 2))
    turn.good.gate.clear()
    final = asyncio.create_task(turn.text())
    assert await asyncio.to_thread(turn.good.begun.wait, 10)
    await turn.stream.close()
    turn.good.gate.set()
    with pytest.raises(EngineUnavailable, match="closed"):
        await final


async def test_a_cancelled_final_stops_its_further_attempts(lane: Lane) -> None:
    turn = Turn(lane)
    turn.feed(sound(1, 2))
    turn.good.gate.clear()
    final = asyncio.create_task(turn.text())
    assert await asyncio.to_thread(turn.good.begun.wait, 10)
    final.cancel()
    await asyncio.gather(final, return_exceptions=True)
    turn.good.gate.set()
    await lane.run(Priority.QUEUED, lambda: None)
    assert turn.good.seconds == []
    assert await turn.text() == "w1"


async def test_silence_holds_no_audio(lane: Lane) -> None:
    turn = Turn(lane)
    for _ in range(100):
        turn.feed(sound(0, 1))
        turn.stream.pause()
    assert turn.stream._audio.end - turn.stream._audio.start < SAMPLE_RATE
    assert await turn.text() == ""
    assert turn.good.seconds == []
