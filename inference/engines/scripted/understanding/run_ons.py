"""Windows of a clause that goes on and on, as in recognized speech without punctuation: its wish is in one of them."""

from __future__ import annotations

from dataclasses import replace

from inference.engines.scripted.lexicon import WORD
from inference.engines.scripted.understanding.clauses import Clause

#: Words from which a clause is looked at in windows, of a window, and between the beginnings of two.
_LONG, _WINDOW, _STEP = 12, 9, 3
_MAX_WINDOWS = 12


def windows_of(clause: Clause) -> list[Clause]:
    """The windows of a long clause, in their order; empty for a short one."""
    words = list(WORD.finditer(clause.text))
    if len(words) < _LONG:
        return []
    firsts = range(0, len(words) - _WINDOW + _STEP, _STEP)
    spans = [(words[at].start(), words[min(at + _WINDOW, len(words)) - 1].end()) for at in firsts]
    return [
        replace(clause, start=clause.start + left, end=clause.start + right, text=clause.text[left:right], joint="")
        for left, right in spans[:_MAX_WINDOWS]
    ]
