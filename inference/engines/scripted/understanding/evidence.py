"""What the examples of an intent are like: the measure for negations and questions in what a customer says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inference.engines.scripted.e5 import Vectors
from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.cues import cues
from inference.engines.scripted.understanding.polarity import Negation, Tone, is_negative, tone_of
from inference.engines.scripted.understanding.prototypes import Prototypes

#: An utterance must be nearer to negative examples by this much, or its negation is not theirs.
_MARGIN = 0.01


@dataclass(frozen=True)
class IntentExamples:
    """The examples of one intent in all languages."""

    texts: tuple[str, ...]
    languages: tuple[str, ...]
    vectors: Vectors

    @cached_property
    def deny(self) -> bool:
        """Whether an example denies a wish: "I do not want to talk to a machine"."""
        return any(tone.negation is Negation.STRONG for tone in self._tones)

    @cached_property
    def negative(self) -> bool:
        """Whether an example has a negation at all."""
        return bool(self._negative.any())

    @cached_property
    def inquire(self) -> bool:
        """Whether an example asks how or when: "when will I get my refund"."""
        return any(tone.inquires for tone in self._tones)

    @cached_property
    def ask_if_done(self) -> bool:
        """Whether an example asks if something was done: "did you receive my payment"."""
        return any(tone.asks_if_done for tone in self._tones)

    def negation_is_own(self, said: Vectors, affirmative: Vectors) -> bool:
        """Whether what was said is nearer to negative examples than its affirmative is to the others."""
        if not self.negative:
            return False
        if self._negative.all():
            return True
        negative = float((self.vectors[self._negative] @ said).max())
        positive = float((self.vectors[~self._negative] @ affirmative).max())
        return negative > positive + _MARGIN

    @cached_property
    def _tones(self) -> list[Tone]:
        pairs = zip(self.texts, self.languages, strict=True)
        return [
            tone_of(Clause(0, len(text), text, 0, asked=False), cues(language))
            for text, language in pairs
            if language in LANGUAGES
        ]

    @cached_property
    def _negative(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        pairs = zip(self.texts, self.languages, strict=True)
        return np.array([language in LANGUAGES and is_negative(text, cues(language)) for text, language in pairs], bool)


def examples_by_intent(prototypes: Prototypes) -> dict[str, IntentExamples]:
    """The examples of each label."""
    found: dict[str, IntentExamples] = {}
    for label in dict.fromkeys(prototypes.labels):
        rows = [number for number, each in enumerate(prototypes.labels) if each == label]
        found[label] = IntentExamples(
            tuple(prototypes.texts[row] for row in rows),
            tuple(prototypes.languages[row] for row in rows),
            prototypes.vectors.e5[rows],
        )
    return found
