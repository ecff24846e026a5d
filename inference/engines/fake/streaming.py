"""The fake streaming transcriber, for tests: hears scripted words at their times, and takes real time. No weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from inference.lane import Lane, Priority, current_lane
from inference.ports import SAMPLE_RATE, EngineInfo, Samples, Segment, Transcript

#: Words with the second of the turn's audio at which each of them has ended.
Script = Sequence[tuple[str, float]]

#: The share of a final decode's time that a partial one takes.
_PARTIAL_SHARE = 0.3

#: Seconds of new audio before the next partial decode.
_NEW_SECONDS = 0.16


def script(text: str, *, seconds_a_word: float = 0.3) -> Script:
    """The words of a text at regular times."""
    return [(word, number * seconds_a_word) for number, word in enumerate(text.split(), 1)]


class FakeStreamingTranscriber:
    """A StreamingTranscriber. ``turns``: a script for each ``listen``; the last one serves all further ones.

    Audio that is all zero has no words. ``real_time_factor``: seconds that a thread of the lane works for a second of
    audio, in a final decode; audio before a pause is decoded in the background. ``spoken``: the language it detects.
    ``error``: raised by ``final``.
    """

    def __init__(
        self,
        *turns: Script,
        real_time_factor: float = 0.0,
        parallel: int = 1,
        spoken: str | None = None,
        error: Exception | None = None,
    ) -> None:
        self.info = EngineInfo("fake", "fake")
        self.concurrency = 1000
        self.real_time_factor = real_time_factor
        self.spoken = spoken
        self.error = error
        self._turns = list(turns) or [script("hello there")]
        self._lane = Lane(parallel)

    async def load(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        await self._lane.close()

    def listen(self, *, language: str | None, among: Sequence[str] = ()) -> FakeStream:
        place = current_lane()
        words = self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]
        return FakeStream(self, words, place.lane if place else self._lane, language, tuple(among))


@dataclass(slots=True)
class FakeStream:
    """The recognition of one turn."""

    _engine: FakeStreamingTranscriber
    _words: Script
    _lane: Lane
    _language: str | None
    _among: tuple[str, ...]
    _size: int = 0
    _sounded: bool = False
    _partial_size: int = 0
    #: Samples that are decoded for good.
    _decoded: int = 0
    _paused: int = 0

    def feed(self, samples: Samples) -> None:
        self._size += samples.size
        self._sounded = self._sounded or bool(np.any(samples))

    async def partial(self) -> str | None:
        upto = self._size
        if not self._sounded or upto - self._partial_size < _NEW_SECONDS * SAMPLE_RATE:
            return None
        self._partial_size = upto
        await self._lane.run(Priority.PARTIAL, self._work(upto - self._decoded, _PARTIAL_SHARE), abandon=True)
        return self._heard(upto) or None

    def pause(self) -> None:
        self._paused = self._size

    async def final(self) -> Transcript:
        upto = self._size
        left = upto - max(self._decoded, self._paused)
        await self._lane.run(Priority.FINAL, self._work(left, 1.0), abandon=True)
        if self._engine.error is not None:
            raise self._engine.error
        self._decoded = max(self._decoded, upto)
        text = self._heard(upto)
        if not text:
            return Transcript("", self._language)
        expected = (self._language,) if self._language else self._among
        heard = self._engine.spoken or (expected[0] if expected else "en")
        return Transcript(
            text,
            heard,
            (Segment(0.0, upto / SAMPLE_RATE, text, 1.0),),
            output_tokens=len(text.split()),
            unexpected_language=heard if expected and heard not in expected else None,
        )

    async def close(self) -> None:
        """No work outlives ``partial`` and ``final``."""

    def _heard(self, upto: int) -> str:
        if not self._sounded:
            return ""
        return " ".join(word for word, at in self._words if at * SAMPLE_RATE <= upto)

    def _work(self, samples: int, share: float) -> Callable[[], None]:
        return partial(time.sleep, samples / SAMPLE_RATE * self._engine.real_time_factor * share)
