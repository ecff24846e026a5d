"""What the examples of an intent are like: the measure for negations and questions in what a customer says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from inference.engines.scripted.e5 import Vectors
from inference.engines.scripted.lexicon import LANGUAGES, WORD
from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.cues import cues
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.polarity import Belonging, Negation, Tone, is_negative, tone_of
from inference.engines.scripted.understanding.prototypes import Prototypes

#: An utterance whose words do not tell must be nearer to negative examples by this much.
_MARGIN = 0.02
#: A word of more intents than this tells nothing of one.
_MAX_INTENTS = 3
#: Letters by which forms of a word are taken for the same.
_STEM = 5
_MIN_LETTERS = 3


@dataclass(frozen=True)
class IntentExamples:
    """The examples of one intent in all languages. ``spread``: the number of intents in whose examples a stem of a
    language is.
    """

    texts: tuple[str, ...]
    languages: tuple[str, ...]
    vectors: Vectors
    spread: Mapping[tuple[str, str], int] = field(repr=False)

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
    def only_ask(self) -> bool:
        """Whether all examples are questions: "when are you open"."""
        return bool(self._tones) and all(tone.question or tone.inquires or tone.requests for tone in self._tones)

    @cached_property
    def ask_if_done(self) -> bool:
        """Whether an example asks if something was done: "did you receive my payment"."""
        return any(tone.asks_if_done for tone in self._tones)

    def belonging(self, text: str, language: str, encode: Callable[[], Vectors]) -> Belonging:
        """Whether a negation is the wish itself. The words tell, where they are those of negative or of affirmative
        examples only; else the likeness. ``encode``: the vectors of what was said and of its affirmative.
        """
        denial = cues(language).denials.search(normalized(text).text)
        if denial is not None and (language, denial.group()) in self._denials:
            return Belonging.OWN  # "we want to stay three nights", where examples say that one wants to stay
        if not self.negative:
            return Belonging.FOREIGN
        own = foreign = 0
        said = cues(language).negations.sub(" ", normalized(text).text)
        for stem in set(_stems(said)):
            if self.spread.get((language, stem), 0) <= _MAX_INTENTS:
                in_negative = (language, stem) in self._stems[True]
                in_affirmative = (language, stem) in self._stems[False]
                own += in_negative and not in_affirmative
                foreign += in_affirmative and not in_negative
        if own != foreign:
            return Belonging.OWN if own > foreign else Belonging.FOREIGN
        if self._negative.all():
            return Belonging.OWN
        whole, affirmative = encode()
        negative = float((self.vectors[self._negative] @ whole).max())
        positive = float((self.vectors[~self._negative] @ affirmative).max())
        if negative > positive + _MARGIN:
            return Belonging.OWN
        return Belonging.UNCLEAR if negative > positive - _MARGIN else Belonging.FOREIGN

    @cached_property
    def _tones(self) -> list[Tone]:
        return [
            tone_of(Clause(0, len(text), text, 0, asked=False), cues(language))
            for text, language in self._pairs
            if language in LANGUAGES
        ]

    @cached_property
    def _denials(self) -> set[tuple[str, str]]:
        """The words without a negation that examples have in common with what denies other wishes."""
        pairs = [(normalized(text).text, language) for text, language in self._pairs if language in LANGUAGES]
        found = [(language, cues(language).denials.search(said)) for said, language in pairs]
        return {
            (language, each.group())
            for language, each in found
            if each and not is_negative(each.group(), cues(language))
        }

    @cached_property
    def _negative(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.array(
            [language in LANGUAGES and is_negative(text, cues(language)) for text, language in self._pairs], bool
        )

    @cached_property
    def _stems(self) -> dict[bool, set[tuple[str, str]]]:
        """(language, stem) of the negative (True) and the affirmative (False) examples."""
        found: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
        for (text, language), negative in zip(self._pairs, self._negative, strict=True):
            found[bool(negative)].update((language, stem) for stem in _stems(text))
        return found

    @property
    def _pairs(self) -> Iterator[tuple[str, str]]:
        return zip(self.texts, self.languages, strict=True)


def examples_by_intent(prototypes: Prototypes) -> dict[str, IntentExamples]:
    """The examples of each label."""
    intents: dict[tuple[str, str], set[str]] = defaultdict(set)
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (text, language, label) in enumerate(
        zip(prototypes.texts, prototypes.languages, prototypes.labels, strict=True)
    ):
        rows[label].append(row)
        for stem in _stems(text):
            intents[language, stem].add(label)
    spread = {key: len(labels) for key, labels in intents.items()}
    return {
        label: IntentExamples(
            tuple(prototypes.texts[row] for row in own),
            tuple(prototypes.languages[row] for row in own),
            prototypes.vectors.e5[own],
            spread,
        )
        for label, own in rows.items()
    }


def _stems(text: str) -> list[str]:
    words = (match.group() for match in WORD.finditer(normalized(text).text))
    return [word[:_STEM] for word in words if len(word) >= _MIN_LETTERS]
