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
from inference.engines.whisper.hallucination import is_laughter, is_repetitive
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

#: As many words that are said twice in a row are a loop of the decoder, if it also looks like one otherwise.
_REPEATED_WORDS = 3


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
    limit = max_tokens(seconds, language)
    decoded = model.decode(features, language, 0.0, stop, max_tokens=limit)
    text = decoded.text
    if decoded.repetitive or decoded.tokens >= limit:
        text = _before_repeat(text)
        if is_repetitive(text) or _before_repeat(text, 1) != text:
            return ""
    return "" if decoded.no_speech or is_laughter(text, language) else text


@dataclass(slots=True)
class LocalAgreement:
    """The words of one stretch of speech, hypothesis by hypothesis."""

    _kept: list[str] = field(default_factory=list)
    #: The words of the last hypothesis after the kept ones.
    _open: list[str] = field(default_factory=list)

    def add(self, text: str, *, whole: bool) -> str:
        """The kept words and the rest of this hypothesis. ``whole``: whether it begins where the speech begins.

        The last word of a hypothesis is never kept: the next may show that it was only the beginning of a word.
        """
        words = text.split()
        size = _same_letters(self._kept, words) if whole else None
        if size is not None:
            self._kept, rest = words[:size], words[size:]  # a later spelling and punctuation is better
        else:
            by_count = words[len(self._kept) :] if whole else self._open
            after = self._after_anchor(words)
            rest = by_count if after is None else after
        agreed = 0
        for word, last in zip(rest, self._open[:-1], strict=False):
            if _plain(word) != _plain(last):
                break
            agreed += 1
        self._kept += rest[:agreed]
        self._open = rest[agreed:]
        return " ".join([*self._kept, *self._open])

    def _after_anchor(self, words: list[str]) -> list[str] | None:
        """The words after the last kept ones, where they occur last; None where they do not."""
        plain = [_plain(word) for word in words]
        for length in _ANCHOR_WORDS:
            anchor = [_plain(word) for word in self._kept[-length:]]
            if len(anchor) < length:
                continue
            for at in range(len(plain) - length, -1, -1):
                if plain[at : at + length] == anchor:
                    return words[at + length :]
        return None


def _same_letters(kept: list[str], words: list[str]) -> int | None:
    """How many words lie within the letters of the kept ones; None if the letters are others.

    However they are divided: of "42-line Bible", kept as "42", none does; of "42 line Bible", kept "42-line", two do.
    """
    letters, found = "".join(map(_plain, kept)), ""
    for size, word in enumerate(words):
        if len(found) >= len(letters):
            return size if found == letters else None
        found += _plain(word)
        if found.startswith(letters) and found != letters:
            return size
    return len(words) if found == letters else None


def _before_repeat(text: str, least: int = _REPEATED_WORDS) -> str:
    """The text up to where it says at least so many words once again."""
    words = text.split()
    plain = [_plain(word) for word in words]
    for at in range(least, len(words)):
        for length in range(least, at + 1):
            if plain[at : at + length] == plain[at - length : at]:
                return " ".join(words[:at])
    return text


def _plain(word: str) -> str:
    return "".join(c for c in word.lower() if c.isalnum())
