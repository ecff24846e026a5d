"""The opening of a live reply: its first words, which are spoken before the first sentence is complete."""

from __future__ import annotations

import re

from inference.text.normalization.normalizer import spoken_form

#: Most characters of the opening. Its synthesis is what a caller waits for; its sound, about 1.5 s, covers the next.
LONGEST = 24

#: A first sentence of up to so many characters is cut only behind a clause, where a voice pauses anyway: between words
#: the cut is heard, and saves little of so short a synthesis.
WHOLE = 32

#: Characters of a sentence without an end from which the place to cut is chosen.
ENOUGH = 44

#: Most characters of the opening's spoken form, and fewest of an opening (and of the rest of a short sentence).
_LONGEST_SPOKEN = 40
_SHORTEST = 8

#: Characters that are looked at: what is said behind them does not depend on the opening.
_WINDOW = 100

_BOUNDARY = re.compile(r"\s+|(?<=[、，；：])(?=\S)")
_CLAUSE_END = re.compile(r"(?:[,;:!?…—–)]['\"”’)]*|[、，；：])$")
_LAST_WORD = re.compile(r"\w*\W*$")


def opening_end(sentence: str, language: str) -> int | None:
    """The index at which the opening of a sentence ends; None if there is no place to cut.

    ``sentence``: whole, or its beginning, of at least ``ENOUGH`` characters. Cut after a clause if possible, else
    between words, not after a short one (an article, a preposition), never where it would change how the text is
    spoken.
    """
    window = sentence if len(sentence) <= _WINDOW else sentence[: sentence.rfind(" ", 0, _WINDOW) + 1 or _WINDOW]
    if len(sentence) <= LONGEST:
        return None
    places = [match.start() for match in _BOUNDARY.finditer(window, 1, LONGEST + 1)]
    if len(sentence) <= WHOLE:
        latest = len(sentence) - _SHORTEST
        places = [each for each in places if _SHORTEST <= each <= latest and ends_clause(sentence[:each])]
    whole = spoken_form(window, language) if places else ""
    for end in sorted(places, key=lambda place: _rank(window[:place]), reverse=True):
        head = window[:end]
        if head[-1].isdigit():
            continue
        said = spoken_form(head, language)
        if len(said) <= _LONGEST_SPOKEN and _joined(said, spoken_form(window[end:], language)) == _joined(whole):
            return end
    return None


def ends_clause(text: str) -> bool:
    """Whether a voice pauses behind the text."""
    return _CLAUSE_END.search(text) is not None


def _rank(head: str) -> tuple[bool, bool, bool, int]:
    last = _LAST_WORD.search(head)
    short = last is not None and sum(c.isalnum() for c in last[0]) < 4
    return len(head) >= _SHORTEST, ends_clause(head), not short, len(head)


def _joined(*spoken: str) -> str:
    return "".join("".join(spoken).split())
