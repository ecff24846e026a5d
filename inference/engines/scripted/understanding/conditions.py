"""The condition under which or the time at which something shall be done, in the customer's words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.cues import Cues
from inference.engines.scripted.understanding.normalized import normalized

_MAX_CHARS = 200


def condition_of(clause: Clause, cues: Cues) -> str | None:
    """The words from the condition's cue to the end of the clause; None without one, and in questions."""
    said = normalized(clause.text)
    match = condition_cue(said.text, cues)
    if match is None or clause.asked or cues.indirect_questions.search(said.text, 0, match.end()):
        return None
    start = 0 if clause.joint and match.start() < len(clause.joint) else match.start()
    found = said.slice(start, len(said.text)).strip(" ,.!")
    return found[:_MAX_CHARS] or None


def condition_cue(said: str, cues: Cues) -> re.Match[str] | None:
    """Where a condition begins in a normalized text. Words that give in set none: "if I must"."""
    given_in = [match.span() for match in cues.shrugs.finditer(said)]
    found = cues.conditions.finditer(said)
    return next((each for each in found if not any(start <= each.start() < end for start, end in given_in)), None)


def without_shrugs(text: str, cues: Cues) -> str:
    """A text without the words that only give in."""
    said, kept, at = normalized(text), "", 0
    for match in cues.shrugs.finditer(said.text):
        kept += said.slice(at, match.start())
        at = match.end()
    return kept + said.slice(at, len(said.text))


def restating(clauses: Sequence[Clause], cues: Cues) -> list[bool]:
    """Of each clause, whether it denies only what the condition of another one leaves out: "only in May, not before",
    "not now, in May". For "not now", the other one says nothing but its condition: "not now, I'll call in May".
    """
    said = [normalized(each.text).text.strip(" ,.!") for each in clauses]
    bodies = [text.removeprefix(each.joint).strip(" ,") for text, each in zip(said, clauses, strict=True)]

    def are(kind: re.Pattern[str]) -> list[bool]:
        return [any(map(kind.fullmatch, each)) for each in zip(said, bodies, strict=True)]

    bounds, delays = are(cues.bound), are(cues.not_now)
    others = zip(said, clauses, bounds, delays, strict=True)
    starts = [
        match.start() - len(clause.joint)
        for text, clause, bound, delay in others
        if not (bound or delay) and (match := condition_cue(text, cues))
    ]
    begins = any(start <= 1 for start in starts)
    return [(bound and bool(starts)) or (delay and begins) for bound, delay in zip(bounds, delays, strict=True)]


def with_restated(
    clauses: Sequence[Clause], conditions: Sequence[str | None], restated: Sequence[bool]
) -> list[str | None]:
    """The conditions, each with the clause behind it that says it again."""
    found: list[str | None] = []
    for number, condition in enumerate(conditions):
        follows = restated[number + 1 : number + 2] == [True]
        more = f"{condition}, {clauses[number + 1].text}" if condition and follows else condition
        found.append(None if restated[number] else more[:_MAX_CHARS] if more else None)
    return found
