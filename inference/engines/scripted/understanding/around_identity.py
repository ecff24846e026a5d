"""What a clause says around a name or an account number in it, as in recognized speech without a single comma: "hello
Ann Lee here account 20417 my line is dead".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inference.engines.scripted.lexicon import WORD
from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.values import Mention

#: Formats of values that say who it is.
_IDENTITY = frozenset({"person_name", "account_id", "phone"})
#: Words of a clause that is looked at in parts, and of a part.
_LONG, _LEAST = 7, 3


def around_identity(clause: Clause, mentions: Sequence[Mention]) -> list[Clause]:
    """The parts of a clause before, between and behind the values in it that say who it is, without the short ones."""
    if len(WORD.findall(clause.text)) < _LONG:
        return []
    inside = [
        each
        for each in mentions
        if each.format in _IDENTITY and clause.start <= each.start and each.end <= clause.end and not each.retracted
    ]
    if not inside:
        return []
    parts: list[Clause] = []
    at = clause.start
    for start, end in [*((each.start, each.end) for each in inside), (clause.end, clause.end)]:
        text = clause.text[at - clause.start : start - clause.start]
        if start > at and len(WORD.findall(text)) >= _LEAST:
            parts.append(replace(clause, start=at, end=start, text=text, joint=""))
        at = max(at, end)
    return parts
