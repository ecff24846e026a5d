"""What differs between two agent definitions: the values that were added, removed or changed, by their paths.

Definitions as JSON without defaults. The work is linear in their size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from db.agents.problems import path_of
from db.json_value import Json


class ChangeKind(StrEnum):
    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class Change:
    """``path``: as ``intents[refund].examples.en[0]``: what has a name is named, other parts of lists are numbered."""

    path: str
    kind: ChangeKind


def changes(before: Json, after: Json, path: str = "") -> Iterator[Change]:
    """In the order of ``before``, what was added last. Orders of intents and scenarios do not count."""
    old, new = _parts(before), _parts(after)
    if old is None or new is None or isinstance(before, dict) != isinstance(after, dict):
        if before != after or type(before) is not type(after):
            yield Change(path.removeprefix("."), ChangeKind.CHANGED)
        return
    for key, (place, value) in old.items():
        if key in new:
            yield from changes(value, new[key][1], path + place)
        else:
            yield Change((path + place).removeprefix("."), ChangeKind.REMOVED)
    for key, (place, _) in new.items():
        if key not in old:
            yield Change((path + place).removeprefix("."), ChangeKind.ADDED)


def _parts(value: Json) -> dict[str | int, tuple[str, Json]] | None:
    """The parts of a mapping or a list with their places in a path; None for any other value."""
    if isinstance(value, dict):
        return {key: ("." + path_of((key,)), part) for key, part in value.items()}
    if not isinstance(value, list):
        return None
    names = [part["name"] for part in value if isinstance(part, dict) and isinstance(part.get("name"), str)]
    if len(set(names)) == len(value):
        return {name: (f"[{path_of((name,))}]", part) for name, part in zip(names, value, strict=True)}
    return {number: (path_of((number,)), part) for number, part in enumerate(value)}
