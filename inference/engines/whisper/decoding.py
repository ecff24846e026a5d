"""One piece of speech decoded by a Whisper of either make, as often as it takes.

Whisper was trained on windows of 30 seconds and is usually run on them, silence and all. Its encoder takes shorter ones
too, at a cost that falls with their length; given at least ten seconds, and some silence behind the speech, the words
stay the same. Where they do not, the piece is heard again the usual way.

What makes a result doubtful, and the remedies, are those of Radford et al., "Robust Speech Recognition via Large-Scale
Weak Supervision" (arXiv:2212.04356), section 4.5.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from inference.engines.whisper.wordless import laughter, repetitive, utterable
from inference.ports import SAMPLE_RATE, Samples

#: Seconds of audio that Whisper was trained on at a time.
WINDOW = 30.0

#: The shortest context, and the least silence behind the speech, with which the words stay the same.
_LEAST_CONTEXT = 10.0
_SILENCE_BEHIND = 3.0

#: Tokens a piece may have; a model that gets so far has not found its end.
MOST_TOKENS = 224

#: Less likely words than these are guesses; with this probability of no speech they are no words at all.
_UNLIKELY = -1.0
_NO_SPEECH = 0.6

#: Temperatures of the later attempts, each with the whole window.
_LATER_TEMPERATURES = (0.0, 0.4, 0.8)

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a model made of a piece. ``average_log_probability`` is over its tokens; the end mark counts as one."""

    text: str
    tokens: int
    average_log_probability: float
    no_speech_probability: float

    @property
    def repetitive(self) -> bool:
        return repetitive(self.text)

    @property
    def wordless(self) -> bool:
        unlikely = self.average_log_probability < _UNLIKELY
        return not self.text or (unlikely and self.no_speech_probability > _NO_SPEECH)

    @property
    def doubtful(self) -> bool:
        return not self.wordless and (self.repetitive or self.average_log_probability < _UNLIKELY)


class WhisperModel(Protocol[F]):
    """The three things a Whisper does; ``F`` is what its encoder makes. Not thread-safe."""

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes; one alone for a model of one language."""
        ...

    def encode(self, samples: Samples, seconds: float) -> F:
        """Features of the samples, filled up with silence to ``seconds`` (10..30, a multiple of 0.02)."""
        ...

    def language_probabilities(self, features: F) -> Mapping[str, float]:
        """The probability of each language; they sum up to 1."""
        ...

    def decode(
        self, features: F, language: str, temperature: float, stop: threading.Event, *, beams: int = 1
    ) -> Decoded:
        """The words: by beam search at temperature 0, else sampled. Raises Stopped soon after ``stop`` is set."""
        ...


class Stopped(Exception):
    """Nobody waits for the words any more."""


class Piece:
    """One piece being heard, as often as it takes."""

    def __init__(
        self, model: WhisperModel[F], samples: Samples, stop: threading.Event, *, trimmed: bool, beams: int
    ) -> None:
        self._model: WhisperModel[Any] = model
        self._samples = samples
        self._stop = stop
        self._trimmed = trimmed
        self._beams = beams
        self._encoded: tuple[float, Any] | None = None
        self.notes: dict[str, Any] = {}

    @property
    def seconds(self) -> float:
        return self._samples.size / SAMPLE_RATE

    def language_probabilities(self) -> Mapping[str, float]:
        return self._model.language_probabilities(self._features(self._context()))

    def listen(self, language: str) -> Decoded:
        """The best of as many attempts as it took; ``notes`` tells of it, and whether it is ``dropped``.

        Of attempts that all repeat themselves none has words. A repetition that two of them agree on is believed if a
        person can utter it in the time.
        """
        beams = 1 if language == "en" else self._beams
        attempts = [(self._context(), 0.0)]
        attempts += [(WINDOW, heat) for heat in _LATER_TEMPERATURES if (WINDOW, heat) not in attempts]
        tried: list[tuple[Decoded, float, float]] = []
        looping = False
        for seconds, temperature in attempts:
            decoded = self._model.decode(self._features(seconds), language, temperature, self._stop, beams=beams)
            agreed = decoded.tokens < MOST_TOKENS and any(_same(decoded, earlier) for earlier, _, _ in tried)
            agreed = agreed and (not decoded.repetitive or utterable(decoded.text, self.seconds))
            tried.append((decoded, seconds, temperature))
            if agreed or not decoded.doubtful:  # who repeats himself is heard so twice
                break
        else:
            tried.sort(key=lambda each: (not each[0].repetitive, each[0].average_log_probability))
            looping = tried[-1][0].repetitive
        decoded, seconds, temperature = tried[-1]
        self.notes = {
            "context_seconds": seconds,
            "temperature": temperature,
            "attempts": len(tried),
            "no_speech_probability": round(decoded.no_speech_probability, 4),
            "average_log_probability": round(decoded.average_log_probability, 4),
            "dropped": decoded.wordless or looping or laughter(decoded.text, language),
        }
        return decoded

    def _context(self) -> float:
        needed = math.ceil((self._samples.size / SAMPLE_RATE + _SILENCE_BEHIND) * 50) / 50
        return min(WINDOW, max(_LEAST_CONTEXT, needed)) if self._trimmed else WINDOW

    def _features(self, seconds: float) -> Any:
        if self._stop.is_set():
            raise Stopped
        if self._encoded is None or self._encoded[0] != seconds:
            self._encoded = seconds, self._model.encode(self._samples, seconds)
        return self._encoded[1]


def _same(one: Decoded, other: Decoded) -> bool:
    plain, other_plain = ([c for c in each.text.lower() if c.isalnum()] for each in (one, other))
    return plain == other_plain
