"""The words of a clause beside its values, for the intent classifier."""

from __future__ import annotations

from collections.abc import Iterable

from db.agents.definition import AgentDefinition
from inference.engines.scripted.lexicon import WORD
from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.values import Mention

#: Formats of values without which a request reads as well: "a table [on Friday at eight]".
_LEFT_OUT = frozenset({"date", "time"})
_MIN_WORDS = 2


def beside_values(clause: Clause, values: Iterable[Mention], agent: AgentDefinition, language: str) -> str | None:
    """The clause without its days and times, and with the names of its numbers: "where is parcel number NUMBER".

    None if it has no such values, or less than two words beside them. ``values``: those within the clause.
    """
    pieces: list[str] = []
    at, changed, words = 0, False, 0
    for each in sorted(values, key=lambda each: each.start):
        start, end = each.start - clause.start, each.end - clause.start
        if start < at:
            continue
        pieces.append(clause.text[at:start])
        name = None if each.format in _LEFT_OUT else _name(each, agent, language)
        changed = changed or each.format in _LEFT_OUT or name is not None
        pieces.append("" if each.format in _LEFT_OUT else f"{name or ''} NUMBER".strip())
        words += len(WORD.findall(pieces[-2]))
        at = end
    pieces.append(clause.text[at:])
    words += len(WORD.findall(pieces[-1]))
    return " ".join("".join(pieces).split()) if changed and words >= _MIN_WORDS else None


def _name(mention: Mention, agent: AgentDefinition, language: str) -> str | None:
    """What the agent calls a number that was said without a name: the name of its only fields of that format."""
    if mention.format not in {"account_id", "number"}:
        return None
    fields = [field for each in agent.scenarios for field in each.fields.values() if field.format == mention.format]
    names = {tuple(field.names.get(language, ()))[:1] for field in fields}
    return next(iter(next(iter(names))), None) if len(names) == 1 else None
