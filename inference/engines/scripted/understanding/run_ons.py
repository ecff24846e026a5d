"""Windows of a clause that goes on and on, as in recognized speech without punctuation: its wish is in one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inference.engines.scripted.lexicon import WORD
from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.wishes import Judged

#: Words from which a clause is looked at in windows, between the beginnings of two, and of a window.
_LONG, _STEP = 12, 3
_WINDOWS = (9, 6)
#: Of each size.
_MAX_WINDOWS = 12


def windows_of(clause: Clause) -> list[Clause]:
    """The windows of a long clause, in their order; empty for a short one."""
    words = list(WORD.finditer(clause.text))
    if len(words) < _LONG:
        return []
    spans = [
        (words[at].start(), words[min(at + size, len(words)) - 1].end())
        for size in _WINDOWS
        for at in range(0, len(words) - size + _STEP, _STEP)[:_MAX_WINDOWS]
    ]
    return [
        replace(clause, start=clause.start + left, end=clause.start + right, text=clause.text[left:right], joint="")
        for left, right in spans
    ]


def unpaused(text: str, judged: Sequence[Judged]) -> list[list[Judged]]:
    """The clauses in groups between which nothing but conjunctions stands: no comma, no full stop."""
    groups: list[list[Judged]] = []
    for each in judged:
        last = groups[-1][-1].clause if groups else None
        if (
            last is not None
            and last.sentence == each.clause.sentence
            and not text[last.end : each.clause.start].strip()
        ):
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups


def shared(one: Clause, other: Clause) -> int:
    """Characters that two clauses share."""
    return min(one.end, other.end) - max(one.start, other.start)
