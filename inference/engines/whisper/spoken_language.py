"""Language identification of speech: chooses among expected languages by Whisper's language probabilities.

Whisper knows a hundred languages and confuses similar ones, so the choice is among the expected ones. Another language
is reported only if the model is nearly certain, and the caller then compares the transcripts in both: audio that is
decoded in the wrong language is translated without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Languages that sound alike and differ in writing: their probabilities are added.
_SPOKEN_ALIKE = (
    frozenset({"hi", "ur"}),
    frozenset({"hr", "sr", "bs"}),
    frozenset({"no", "nn"}),
    frozenset({"id", "ms"}),
)

#: From this probability on, an expected language holds for the rest of the recording.
_SETTLED = 0.8

#: Below this probability of every expected language, the default is taken.
_LIKELY = 0.1

#: Another language needs this probability, and leaves at most this much to all expected ones.
_OTHER = 0.8
_MAX_EXPECTED = 0.05


@dataclass(frozen=True, slots=True)
class SpokenLanguage:
    """``language``: the most probable expected one, or the default. ``other``: an unexpected language that is nearly
    certain. ``settled``: whether later pieces of the recording need no detection.
    """

    language: str
    probability: float
    other: str | None = None
    settled: bool = False


def spoken_language(probabilities: Mapping[str, float], expected: Sequence[str]) -> SpokenLanguage:
    """``expected``: ISO 639-1 codes, not empty; the first is the default."""
    scores = {language: sum(probabilities.get(each, 0.0) for each in _alike(language)) for language in expected}
    best = max(scores, key=scores.__getitem__)
    top = max(probabilities, key=probabilities.__getitem__)
    allowed = {each for language in expected for each in _alike(language)}
    if top not in allowed and probabilities[top] >= _OTHER:
        left = sum(probabilities.get(each, 0.0) for each in allowed)
        if left <= _MAX_EXPECTED:
            return SpokenLanguage(expected[0], round(scores[expected[0]], 4), other=top)
    if scores[best] < _LIKELY:
        best = expected[0]
    return SpokenLanguage(best, round(scores[best], 4), settled=scores[best] >= _SETTLED)


def _alike(language: str) -> frozenset[str]:
    return next((group for group in _SPOKEN_ALIKE if language in group), frozenset({language}))
