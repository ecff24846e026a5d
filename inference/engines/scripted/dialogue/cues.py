"""Cue words of the dialogue in a language, read from ``languages/<code>/dialogue.toml``."""

from __future__ import annotations

import re
from functools import cache

from pydantic import BaseModel, ConfigDict

from inference.engines.scripted.lexicon import fold, phrases, read_table
from inference.engines.scripted.understanding.cues import pattern
from inference.engines.scripted.understanding.normalized import normalized

#: Words of a message in which "that" may point at what was asked: "I won't tell you that".
_POINTING = 9


class _Refusal(BaseModel):
    """Words that decline an answer: a negation with a word for what was asked, or with one that points at it."""

    model_config = ConfigDict(extra="forbid")

    negation: list[str]
    asked: list[str]
    that: list[str]


class _Partly(BaseModel):
    """Words of an answer to values that were read back. ``formats``: what values of a format are called."""

    model_config = ConfigDict(extra="forbid")

    accepts: list[str]
    leaves_out: list[str]
    only: list[str]
    all_but: list[str]
    contrasts: list[str]
    wrong: list[str]
    plain: list[str]
    formats: dict[str, list[str]]


class _Asked(BaseModel):
    """Patterns of questions, over normalized text as those of ``understanding.toml``."""

    model_config = ConfigDict(extra="forbid")

    openings: list[str]
    which: list[str]
    filed: list[str]
    held: list[str]
    whose: list[str]
    content: list[str]
    number: list[str]
    reference: list[str]
    ahead: list[str]
    why: list[str]


class AskedCues:
    """Words of questions. ``openings``: any before one. ``which``: which value. ``on_record``: what is said of a value
    on a record; ``filed``: verbs of filing. ``whose``: for whom something was filed. ``content``: what was noted.
    ``number``: of anything that has one; ``reference``: the one that was told. ``ahead``: what is to come, or a rule.
    ``why``: a reason.
    """

    def __init__(self, table: _Asked) -> None:
        self.openings = re.compile(rf"(?:{pattern(table.openings).pattern}[\s]*)*")
        self.which = pattern(table.which)
        self.filed = pattern(table.filed)
        self.on_record = pattern([*table.filed, *table.held])
        self.whose = pattern(table.whose)
        self.content = pattern(table.content)
        self.number = pattern(table.number)
        self.reference = pattern(table.reference)
        self.ahead = pattern(table.ahead)
        self.why = pattern(table.why)


class _CuesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    region: str
    another: list[str]
    added: list[str]
    instead: list[str]
    joins: list[str]
    contrast: list[str]
    around: list[str]
    openings: list[str]
    closings: list[str]
    murmurs: list[str]
    said_before: list[str]
    concludes: list[str]
    recall: dict[str, list[str]]
    refusal: _Refusal
    partly: _Partly
    asked: _Asked


class Cues:
    """``region``: whose phone numbers are expected, ISO 3166-1. ``another``: words for a further matter of a kind.
    ``added``: words that add a matter. ``instead``: words that put a new wish in the place of what was wanted.
    ``joins``: words that join a wish of equal right. ``contrast``: patterns of a value that is put right. ``around``:
    words around a new value that are no part of it. ``murmurs``: sounds that are hardly a yes. ``said_before``: words
    for what was said already. ``concludes``: words that begin a conclusion. ``recall``: words for each standard field,
    in a question about what was said. ``accepts``, ``leaves_out``, ``only``, ``all_but``: words that take or refuse one
    of several values; ``contrasts``: "but"; ``wrong``: a value is wrong; ``plain``: idioms that refuse nothing.
    ``formats``, ``format_words``: words for the values of each format. ``joining``: ``joins`` without accents.
    ``asked``: words of questions.
    """

    def __init__(self, language: str) -> None:
        table = _CuesFile.model_validate(read_table(language, "dialogue"))
        self.region = table.region
        self.another = phrases(table.another)
        self.added = phrases(table.added)
        self.instead = phrases(table.instead)
        self.joins = phrases(table.joins)
        self.contrast = tuple(fold(each) for each in table.contrast)
        self.around = phrases(table.around)
        self.openings = phrases(table.openings)
        self.closings = phrases(table.closings)
        self.murmurs = phrases(table.murmurs)
        self.said_before = phrases(table.said_before)
        self.concludes = phrases(table.concludes)
        self.accepts = _normal(table.partly.accepts)
        self.leaves_out = _normal(table.partly.leaves_out)
        self.only = _normal(table.partly.only)
        self.all_but = _normal(table.partly.all_but)
        self.contrasts = _normal(table.partly.contrasts)
        self.wrong = _normal(table.partly.wrong)
        self.plain = _normal(table.partly.plain)
        self.formats = table.partly.formats
        self.format_words = {form: _normal(words) for form, words in table.partly.formats.items()}
        self.joining = _normal(table.joins)
        self.asked = AskedCues(table.asked)
        self._negation = phrases(table.refusal.negation)
        self._asked = phrases([*table.refusal.asked, *(word for words in table.recall.values() for word in words)])
        self._that = phrases(table.refusal.that)
        self.recall: dict[str, re.Pattern[str]] = {name: phrases(words) for name, words in table.recall.items()}

    def refuses(self, folded: str, *, names_it: bool) -> bool:
        """Whether a text declines to say what was asked. ``names_it``: only if it names that, not by a pronoun."""
        if not self._negation.search(folded):
            return False
        points = not names_it and len(folded.split()) <= _POINTING and self._that.search(folded) is not None
        return bool(self._asked.search(folded)) or points


def _normal(words: list[str]) -> re.Pattern[str]:
    """A pattern of phrases in a normalized text, without accents."""
    return phrases(normalized(word).text for word in words)


@cache
def cues(language: str) -> Cues:
    """The cues of one of LANGUAGES, cached."""
    return Cues(language)
