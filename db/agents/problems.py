"""Places in an agent definition."""

from __future__ import annotations

#: The way to a value in a definition: keys and indexes.
Loc = tuple[str | int, ...]

#: Most problems that are told at once.
MAX_PROBLEMS = 100

#: Most characters of a key in a path.
_SHOWN = 64


def path_of(loc: Loc) -> str:
    """``("scenarios", 0, "name")`` as ``scenarios[0].name``; of long keys the beginning."""
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each[:_SHOWN]}" for each in loc)
    return text.removeprefix(".")
