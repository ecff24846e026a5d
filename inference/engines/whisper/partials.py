"""Partial words of speech that goes on: a quick decode of the last seconds, and words that stay once two agree.

Local agreement: the words with which two hypotheses in a row begin are kept, as in Liu et al., "Low-Latency
Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis Selection" (Interspeech 2020), and in
Macháček et al., "Turning Whisper into Real-Time Transcription System" (IJCNLP 2023, whisper_streaming).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from inference.engines.whisper.decoding import WINDOW, WhisperModel, max_tokens
from inference.engines.whisper.hallucination import is_laughter
from inference.engines.whisper.spoken_language import spoken_language
from inference.ports import SAMPLE_RATE, Samples

#: Seconds of speech that a partial decode reads at most.
PARTIAL_SECONDS = 12.0

#: Seconds: the shortest window, and the least silence after the speech. With 6 and 2 tiny.en repeated itself in 2 of 42
#: beginnings of clips, with these in none.
_MIN_WINDOW = 8.0
_TRAILING_SILENCE = 3.0

#: Kept words by which a window that begins after the first words is joined to them.
_ANCHOR_WORDS = (3, 2, 1)


def quick_words(
    model: WhisperModel[Any],
    samples: Samples,
    language: str | None,
    expected: Sequence[str],
    stop: threading.Event,
) -> str:
    """One greedy attempt; "" if it is doubtful. ``language``: None detects it among ``expected``."""
    seconds = samples.size / SAMPLE_RATE
    window = min(WINDOW, max(_MIN_WINDOW, math.ceil((seconds + _TRAILING_SILENCE) * 50) / 50))
    features = model.encode(samples, window)
    if language is None:
        language = spoken_language(model.language_probabilities(features), expected).language
    decoded = model.decode(features, language, 0.0, stop, max_tokens=max_tokens(seconds, language))
    doubtful = decoded.no_speech or decoded.repetitive or is_laughter(decoded.text, language)
    return "" if doubtful else decoded.text


@dataclass(slots=True)
class LocalAgreement:
    """The words of one stretch of speech, hypothesis by hypothesis."""

    _kept: list[str] = field(default_factory=list)
    _last: list[str] = field(default_factory=list)

    def add(self, text: str, *, whole: bool) -> str:
        """The kept words and the rest of this hypothesis. ``whole``: whether it begins where the speech begins."""
        words = text.split()
        if not whole:
            joined = self._joined(words)
            if joined is None:
                return " ".join(self._last)
            words = joined
        for kept, word, last in zip(range(len(words)), words, self._last, strict=False):
            if kept < len(self._kept):
                continue
            if _plain(word) != _plain(last):
                break
            self._kept.append(word)
        words[: len(self._kept)] = self._kept
        self._last = words
        return " ".join(words)

    def _joined(self, words: list[str]) -> list[str] | None:
        """The kept words followed by those of a later window; None if it does not hold the last kept ones."""
        plain = [_plain(word) for word in words]
        for length in _ANCHOR_WORDS:
            anchor = [_plain(word) for word in self._kept[-length:]]
            if len(anchor) < length:
                continue
            for at in range(len(plain) - length, -1, -1):
                if plain[at : at + length] == anchor:
                    return [*self._kept, *words[at + length :]]
        return None


def _plain(word: str) -> str:
    return "".join(c for c in word.lower() if c.isalnum())
