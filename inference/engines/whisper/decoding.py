"""Decodes one piece of speech with Whisper: beam search first, then temperature fallback while the result is doubtful.

Whisper was trained on windows of 30 seconds and usually runs on them, padded with silence. Its encoder takes shorter
windows too, at a cost that falls with their length; with at least ten seconds, and some silence after the speech, the
words stay the same. If the result is doubtful, the piece is decoded again with the whole window.

The criteria for doubtful results (hallucination, repetition) and the fallback are those of Radford et al., "Robust
Speech Recognition via Large-Scale Weak Supervision" (arXiv:2212.04356), section 4.5.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from inference.engines.whisper.hallucination import is_laughter, is_repetitive, is_speakable
from inference.ports import SAMPLE_RATE, Samples

#: Seconds of a window of Whisper's training.
WINDOW = 30.0

#: Seconds: the shortest window, and the least silence after the speech, with which the words stay the same.
_MIN_WINDOW = 10.0
_TRAILING_SILENCE = 3.0

#: Token limit of a piece; a result that reaches it is cut off.
MAX_TOKENS = 224

#: Tokens a second of sound, and on top of them, that speech does not reach: in a short window a loop would otherwise
#: run on to the limit. A word of most scripts other than the Latin one is many tokens.
_TOKENS_A_SECOND, _TOKENS_A_SECOND_OTHER_SCRIPTS, _MORE_TOKENS = 8, 30, 12
_LATIN_SCRIPT = frozenset(
    {"en", "de", "es", "fr", "it", "pt", "nl", "pl", "sv", "da", "no", "fi", "cs", "ro", "hu", "tr", "id", "ca"}
)

#: A lower average log probability is doubtful; with at least this probability of no speech, it is silence.
_MIN_LOG_PROBABILITY = -1.0
_NO_SPEECH = 0.6

#: Temperatures of the attempts after the first, each with the whole window.
_FALLBACK_TEMPERATURES = (0.0, 0.4, 0.8)

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded piece. ``average_log_probability``: mean natural logarithm over its tokens and end-of-text."""

    text: str
    tokens: int
    average_log_probability: float
    no_speech_probability: float

    @property
    def repetitive(self) -> bool:
        return is_repetitive(self.text)

    @property
    def no_speech(self) -> bool:
        unlikely = self.average_log_probability < _MIN_LOG_PROBABILITY
        return not self.text or (unlikely and self.no_speech_probability > _NO_SPEECH)

    @property
    def doubtful(self) -> bool:
        return not self.no_speech and (self.repetitive or self.average_log_probability < _MIN_LOG_PROBABILITY)


class WhisperModel(Protocol[F]):
    """Whisper in any implementation. ``F``: features, the output of the encoder. Thread-safe."""

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes; one for a monolingual model."""
        ...

    def encode(self, samples: Samples, seconds: float) -> F:
        """Features of 16 kHz samples, padded with silence to ``seconds`` (10..30, a multiple of 0.02)."""
        ...

    def language_probabilities(self, features: F) -> Mapping[str, float]:
        """The probability of each language by its ISO 639-1 code; the sum is 1."""
        ...

    def decode(
        self,
        features: F,
        language: str,
        temperature: float,
        stop: threading.Event,
        *,
        beams: int = 1,
        max_tokens: int = MAX_TOKENS,
    ) -> Decoded:
        """Beam search at temperature 0, else sampling. ``language``: ISO 639-1. Raises Stopped once ``stop`` is set."""
        ...


class Stopped(Exception):
    """The caller has set ``stop``: the result is not needed any more."""


def max_tokens(seconds: float, language: str) -> int:
    """The token limit of a short window with so much sound."""
    rate = _TOKENS_A_SECOND if language in _LATIN_SCRIPT else _TOKENS_A_SECOND_OTHER_SCRIPTS
    return min(MAX_TOKENS, _MORE_TOKENS + math.ceil(seconds * rate))


class PieceDecoder:
    """Decodes one piece; keeps its features for language detection and further attempts.

    ``patience``: seconds after which no further attempt begins, for a caller who waits.
    """

    def __init__(
        self,
        model: WhisperModel[F],
        samples: Samples,
        stop: threading.Event,
        *,
        trimmed: bool,
        beams: int,
        patience: float = math.inf,
    ) -> None:
        self._model: WhisperModel[Any] = model
        self._samples = samples
        self._stop = stop
        self._trimmed = trimmed
        self._beams = beams
        self._patience = patience
        self._encoded: tuple[float, Any] | None = None
        #: The attempts and the result, in JSON types, once ``decode`` has returned.
        self.details: dict[str, Any] = {}

    @property
    def seconds(self) -> float:
        return self._samples.size / SAMPLE_RATE

    def language_probabilities(self) -> Mapping[str, float]:
        return self._model.language_probabilities(self._features(self._window()))

    def decode(self, language: str) -> Decoded:
        """The first attempt that is not doubtful, or the best one. ``details["dropped"]``: whether it has no words.

        If every attempt is repetitive, the piece has no words. A repetition that two attempts agree on is accepted if
        a person can speak it in the time.
        """
        beams = 1 if language == "en" else self._beams
        attempts = [(self._window(), 0.0)]
        attempts += [
            (WINDOW, temperature) for temperature in _FALLBACK_TEMPERATURES if (WINDOW, temperature) not in attempts
        ]
        tried: list[tuple[Decoded, float, float]] = []
        accepted = looping = False
        began = time.monotonic()
        for seconds, temperature in attempts:
            if tried and time.monotonic() - began > self._patience:
                break
            limit = MAX_TOKENS if seconds == WINDOW else max_tokens(self.seconds, language)
            decoded = self._model.decode(
                self._features(seconds), language, temperature, self._stop, beams=beams, max_tokens=limit
            )
            agreed = decoded.tokens < MAX_TOKENS and any(_same_words(decoded, earlier) for earlier, _, _ in tried)
            agreed = agreed and (not decoded.repetitive or is_speakable(decoded.text, self.seconds))
            tried.append((decoded, seconds, temperature))
            cut_off = decoded.tokens >= limit < MAX_TOKENS
            if agreed or not (decoded.doubtful or cut_off):
                accepted = True
                break
        if not accepted:
            tried.sort(key=lambda each: (not each[0].repetitive, each[0].average_log_probability))
            looping = tried[-1][0].repetitive
        decoded, seconds, temperature = tried[-1]
        self.details = {
            "context_seconds": seconds,
            "temperature": temperature,
            "attempts": len(tried),
            "no_speech_probability": round(decoded.no_speech_probability, 4),
            "average_log_probability": round(decoded.average_log_probability, 4),
            "dropped": decoded.no_speech or looping or is_laughter(decoded.text, language),
        }
        return decoded

    def _window(self) -> float:
        needed = math.ceil((self._samples.size / SAMPLE_RATE + _TRAILING_SILENCE) * 50) / 50
        return min(WINDOW, max(_MIN_WINDOW, needed)) if self._trimmed else WINDOW

    def _features(self, seconds: float) -> Any:
        if self._stop.is_set():
            raise Stopped
        if self._encoded is None or self._encoded[0] != seconds:
            self._encoded = seconds, self._model.encode(self._samples, seconds)
        return self._encoded[1]


def _same_words(one: Decoded, other: Decoded) -> bool:
    plain, other_plain = ([c for c in each.text.lower() if c.isalnum()] for each in (one, other))
    return plain == other_plain
