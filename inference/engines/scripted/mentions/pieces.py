"""A number or code that is said in pieces, over several messages: "the first half is 4198", "and then 820"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from inference.engines.scripted.mentions.edits import is_counted
from inference.engines.scripted.mentions.runs import Run, find_runs
from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, Utterance
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words, phrases

#: Characters between words that say which piece it is and the number.
_NEAR = 40
#: Numbers of an utterance of which one may be a piece.
_MAX_RUNS = 6
#: Letters of a word that says what else has a number.
_LEAST = 3
_LETTER = re.compile(LETTER)


class Which(StrEnum):
    """Which piece a number is. BARE: it is said without a word for it, and little else is. WHOLE: both in one."""

    FIRST = "first"
    REST = "rest"
    BARE = "bare"
    WHOLE = "whole"


#: What stands for words of the first piece and of others.
_MARKS = {"|": Which.FIRST, "¦": Which.REST}
_MARKED = re.compile(r"\|+|¦+")


@dataclass(frozen=True, slots=True)
class Piece:
    """``value``: letters and digits, spoken ones written. ``spans``: where they stand in the utterance."""

    which: Which
    value: str
    spans: tuple[tuple[int, int], ...]


class _Words:
    def __init__(self, language: str) -> None:
        tables = [mention_words(each) for each in languages_of(language)]
        pieces = [each.pieces for each in tables]
        self.first = phrases(word for each in pieces for word in each.first)
        self.rest = phrases(word for each in pieces for word in each.rest)
        own = {word for each in pieces for word in (*each.first, *each.rest)}
        own |= {word for each in tables for word in (*each.corrections.begins, *each.corrections.ends)}
        #: Whatever has a number of another kind.
        named = [word for each in tables for word in (*each.numbers.phone, *each.numbers.other, *each.numbers.records)]
        self.others = phrases(word for word in named if word not in own and len(word) >= _LEAST)
        links = [word for each in pieces for word in each.links]
        fillers = [word for each in tables for word in (*each.numbers.fillers, *each.corrections.markers)]
        self.between = re.compile(rf"(?:[ ,:;#\"'(=-]|{LEFT}{alternation([*fillers, *links])}{RIGHT})*")
        after = [word for each in tables for word in each.numbers.after]
        behind = f"{LEFT}{alternation([*after, *links])}{RIGHT} {{1,2}}"
        linked = f"{LEFT}{alternation(links)}{RIGHT} {{1,2}}"
        self.behind = re.compile(rf"(?: {{1,2}}|, ?{linked})(?:{behind}){{0,4}}")
        around = [word for each in tables for word in (*each.numbers.fillers, *each.names.leads, *each.names.trails)]
        markers = [word for each in tables for word in each.corrections.markers]
        self.around = re.compile(f"{LEFT}{alternation([*around, *markers])}{RIGHT}")


@cache
def _words(language: str) -> _Words:
    return _Words(language)


def find_piece(text: str, language: str) -> Piece | None:
    """The piece of a number that an utterance says; None if it says none, or of a card, a phone and the like."""
    if not _MARKS.keys().isdisjoint(text):
        return None
    words = _words(language)
    said = Utterance(_marked(text, words))
    folded = said.folded
    cues = [(each.span(), _MARKS[each.group()[0]]) for each in _MARKED.finditer(folded)]
    runs = [each for each in find_runs(said, language) if not (each.weak or is_counted(folded, each.end, language))]
    if len(runs) > _MAX_RUNS:
        return None
    found: list[tuple[Which, Run]] = []
    for run in runs:
        which = _which(folded, run, cues, words)
        if which is not None and not words.others.search(_clause(folded, run)):
            found.append((which, run))
    if not cues and len(runs) == 1 and _is_alone(folded, runs[0], words):
        found.append((Which.BARE, runs[0]))
    said_of = [which for which, _ in found]
    if len(found) > 1 and said_of != [Which.FIRST, *[Which.REST] * (len(found) - 1)]:
        return None
    values = "".join(_value(run) for _, run in found)
    spans = tuple(said.span(_start(run), run.end) for _, run in found)
    return Piece(Which.WHOLE if len(found) > 1 else said_of[0], values, spans) if found else None


def _marked(text: str, words: _Words) -> str:
    """The text with marks for the words that say which piece it is: "first" and "second" are numbers too."""
    said = Utterance(text)
    for mark, cue in zip(_MARKS, (words.first, words.rest), strict=True):
        for each in cue.finditer(said.folded):
            start, end = said.span(*each.span())
            text = text[:start] + mark * (end - start) + text[end:]
    return text


def _which(folded: str, run: Run, cues: list[tuple[tuple[int, int], Which]], words: _Words) -> Which | None:
    """What the words right before a number, or right behind it, say that it is."""
    start = _start(run)
    before = [(span, which) for span, which in cues if span[1] <= start]
    near = before and start - before[-1][0][1] <= _NEAR
    if near and words.between.fullmatch(folded, before[-1][0][1], start):
        return before[-1][1]
    behind = next(((span, which) for span, which in cues if span[0] >= run.end), None)
    return behind[1] if behind and words.behind.fullmatch(folded, run.end, behind[0][0]) else None


def _clause(folded: str, run: Run) -> str:
    first = max(folded.rfind(mark, 0, run.start) for mark in ".!?;\n")
    ends = [at for mark in ".!?;\n" if (at := folded.find(mark, run.end)) >= 0]
    return folded[first + 1 : min(ends, default=len(folded))]


def _is_alone(folded: str, run: Run, words: _Words) -> bool:
    """Whether nothing but words of courtesy is said with a number."""
    start = _start(run)
    return _LETTER.search(words.around.sub(" ", f"{folded[:start]} . {folded[run.end :]}")) is None


def _start(run: Run) -> int:
    return run.letters_start if run.letters else run.start


def _value(run: Run) -> str:
    behind = "".join(each.digits for each in run.numerals if each.start >= run.start + len(run.code))
    return (run.code + behind).upper() if run.code else run.letters.upper() + run.digits
