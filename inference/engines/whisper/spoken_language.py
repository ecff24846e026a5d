"""Which language a recording is in, from a Whisper's language probabilities and the languages that are expected.

Whisper tells a hundred languages apart and errs among close ones, so the choice is made among the expected ones.
Another language is taken only where the model is nearly certain of it, and the caller then compares both readings: a
recording that is decoded in the wrong language comes out as a translation, with no sign that it is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Written differently and spoken alike: Whisper's probability of one speaks for the other.
_SPOKEN_ALIKE = (
    frozenset({"hi", "ur"}),
    frozenset({"hr", "sr", "bs"}),
    frozenset({"no", "nn"}),
    frozenset({"id", "ms"}),
)

#: An expected language of this probability is settled for the rest of the recording.
_SETTLED = 0.8

#: With less than this no expected language is likely, and the default stands.
_LIKELY = 0.1

#: Another language must be as probable as the first, and the expected ones together no more than the second.
_OTHER = 0.8
_OTHER_LEFT = 0.05


@dataclass(frozen=True, slots=True)
class SpokenLanguage:
    """``language``: the most probable expected one, or the default. ``other``: one that is not expected, if it seems
    to be spoken. ``settled``: later pieces of the recording need not be asked."""

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
        if left <= _OTHER_LEFT:
            return SpokenLanguage(expected[0], round(scores[expected[0]], 4), other=top)
    if scores[best] < _LIKELY:
        best = expected[0]
    return SpokenLanguage(best, round(scores[best], 4), settled=scores[best] >= _SETTLED)


def _alike(language: str) -> frozenset[str]:
    return next((group for group in _SPOKEN_ALIKE if language in group), frozenset({language}))
