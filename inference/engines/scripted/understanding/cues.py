"""Cues of a language for clauses, polarity, conditions and answers, read from ``languages/<code>/understanding.toml``.

Patterns are matched in normalized text: see ``normalized``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from pydantic import BaseModel, ConfigDict

from inference.engines.scripted.lexicon import read_table
from inference.engines.scripted.understanding.normalized import normalized

# Python's \w lacks Devanagari's vowel signs, so \b does not find the boundaries of Hindi words.
_LETTER = r"[\w\u0900-\u0963\u0966-\u097F]"
_LEFT, _RIGHT = rf"(?:(?<!{_LETTER})|(?='))", rf"(?!{_LETTER})"  # "'s settled" stands in "that's settled"
#: Matches nothing.
NEVER = re.compile(r"(?!)")


class _CueFile(BaseModel):
    """Schema of ``understanding.toml``; a missing or misspelt key fails at load."""

    model_config = ConfigDict(extra="forbid")

    abbreviations: list[str]
    joins: list[str]
    openers: list[str]
    restarts: list[str]
    state_questions: list[str]
    subordinators: list[str]
    interjections: list[str]
    negations: list[str]
    affirmative: list[tuple[str, str]]
    dismissals: list[str]
    denials: list[str]
    weak_denials: list[str]
    states_not: list[str]
    polite_negatives: list[str]
    settled: list[str]
    unsettled: list[str]
    doubts: list[str]
    soft_doubts: list[str]
    question_starts: list[str]
    inverting: list[str]
    relatives: list[str]
    requests: list[str]
    asides: list[str]
    remote: list[str]
    no_need: list[str]
    intended: list[str]
    adversatives: list[str]
    instead: list[str]
    imagined: list[str]
    vague: list[str]
    moods: list[str]
    consults: list[str]
    reversals: list[str]
    wrongly: list[str]
    offered_help: list[str]
    inquiries: list[str]
    indirect_questions: list[str]
    done_questions: list[str]
    conditions: list[str]
    fillers: list[str]
    assents: list[str]
    biddings: list[str]
    shrugs: list[str]
    yields: list[str]
    bounds: list[str]
    not_now: list[str]
    yes_starts: list[str]
    refusals: list[str]
    no_starts: list[str]
    waits: list[str]
    doubtful_answers: list[str]
    declines: list[str]
    corrections: list[str]
    priority: dict[str, list[str]]


class Cues:
    """The cues of a language, compiled."""

    def __init__(self, language: str) -> None:
        file = _CueFile.model_validate(read_table(language, "understanding"))
        self.language = language
        self.abbreviations = frozenset(file.abbreviations)
        self.joins = pattern(file.joins)
        #: Conjunctions behind which two words are a clause: "because nobody came", "and also it lags".
        self.openers = pattern(file.openers)
        self.written_joins = re.compile("|".join(file.joins))
        self.restarts, self.state_questions = pattern(file.restarts), pattern(file.state_questions)
        self.subordinators = pattern(file.subordinators)
        self.interjections = pattern(file.interjections)
        self.negations = pattern(file.negations)
        self.affirmative = [(pattern([negative]), positive) for negative, positive in file.affirmative]
        self.dismissals = pattern(file.dismissals)
        self.denials = pattern(file.denials)
        self.weak_denials = pattern(file.weak_denials)
        self.states_not = pattern(file.states_not)
        self.polite_negatives = pattern(file.polite_negatives)
        self.settled = pattern(file.settled)
        self.unsettled = pattern(file.unsettled)
        self.doubts = pattern(file.doubts)
        self.soft_doubts = pattern(file.soft_doubts)
        self.question_starts = pattern(file.question_starts)
        #: Words behind which a statement has its verb first, as a question has: "außerdem ist das Netz weg".
        self.inverting = pattern(file.inverting)
        #: They begin a clause that tells of what was named before a comma: "your line, which is dead".
        self.relatives = pattern(file.relatives)
        self.requests = pattern(file.requests)
        self.asides = pattern(file.asides)
        self.remote = pattern(file.remote)
        #: "I'll pay it", "mine works": what was said before it needs nothing to be done.
        self.no_need = pattern(file.no_need)
        self.intended = pattern(file.intended)
        self.adversatives = pattern(file.adversatives)
        self.instead = pattern(file.instead)
        self.imagined = pattern(file.imagined)
        self.vague = pattern(file.vague)
        self.moods = pattern(file.moods)
        self.consults = pattern(file.consults)
        self.reversals = pattern(file.reversals)
        self.wrongly = pattern(file.wrongly)
        self.inquiries = pattern(file.inquiries)
        self.offered_help = pattern(file.offered_help)
        self.indirect_questions = pattern(file.indirect_questions)
        self.done_questions = pattern(file.done_questions)
        self.conditions = pattern(file.conditions)
        self._compile_answers(file)
        self.declines = pattern(file.declines)
        self.corrections = pattern(file.corrections)
        self.other_urgency = pattern(file.priority["other"])
        self.priority = {level.upper(): pattern(file.priority[level]) for level in ("low", "urgent", "high")}

    def _compile_answers(self, file: _CueFile) -> None:
        self.assent = answer([*file.assents, *file.biddings], [*file.fillers, *file.yields])
        #: An order to do it, however reluctant: "whatever, do it".
        self.bidding = answer(file.biddings, [*file.fillers, *file.assents, *file.shrugs, *file.yields])
        #: "Whatever" leaves it open by itself and with a yes; with an order it is a yes.
        self.shrug = answer(file.shrugs, [*file.fillers, *file.assents, *file.yields])
        #: "If I must" leaves it open by itself; with a yes it is one.
        self.giving_in = answer(file.yields, file.fillers)
        self.shrugs, self.filler = pattern([*file.shrugs, *file.yields]), answer(file.fillers, file.fillers)
        #: Behind a condition, these only say it again: "at the end of May, not before".
        self.bound, self.not_now = answer(file.bounds, file.fillers), answer(file.not_now, file.fillers)
        self.refusal = answer(file.refusals, file.fillers)
        self.wait = answer(file.waits, [*file.fillers, *file.assents, *file.biddings, *file.refusals])
        self.doubtful_answer = answer(file.doubtful_answers, [*file.fillers, *file.assents, *file.biddings])
        self.yes_starts, self.no_starts = pattern(file.yes_starts), pattern(file.no_starts)


def pattern(items: Sequence[str]) -> re.Pattern[str]:
    """A pattern of whole words that matches any of the items, the longest first."""
    if not items:
        return NEVER
    ordered = sorted((_plain(item) for item in items), key=len, reverse=True)
    return re.compile(f"{_LEFT}(?:{'|'.join(ordered)}){_RIGHT}")


def answer(items: Sequence[str], fillers: Sequence[str]) -> re.Pattern[str]:
    """A pattern for ``fullmatch``: the items, one or several, with fillers around them."""
    said, around = pattern(items).pattern, pattern(fillers).pattern
    return re.compile(rf"(?:{around}[\s,]+){{0,4}}{said}(?:[\s,]+(?:{said}|{around})){{0,6}}")


def _plain(item: str) -> str:
    """An item as normalized text is, with any white space for its spaces."""
    return normalized(item).text.replace(r"\w", _LETTER).replace(" ", r"\s+").replace(r"\s+?", r"\s*")


@cache
def cues(language: str) -> Cues:
    """The cues of one of ``lexicon.LANGUAGES``, cached."""
    return Cues(language)
