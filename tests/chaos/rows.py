"""Lines of the result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the result. ``zero``: the number must be 0. ``which``: the first few defects."""

    name: str
    number: int
    zero: bool = True
    which: tuple[str, ...] = ()


def row_of(name: str, wrong: Iterable[str]) -> Row:
    """A line whose number must be 0."""
    found = list(wrong)
    return Row(name, len(found), which=tuple(found[:3]))
