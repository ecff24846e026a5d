"""Windows of plain lists, by the arguments of Relay connections: first, after, last, before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from db.errors import BadUserInput, NotFound
from db.ids import parse_id
from db.models.base import IdMixin
from graph.limits import MAX_PAGE_SIZE

R = TypeVar("R", bound=IdMixin)

_RANGE = f"1 to {MAX_PAGE_SIZE}"

First = Annotated[int | None, strawberry.argument(description=f"At most this many, from the start: {_RANGE}.")]
Last = Annotated[int | None, strawberry.argument(description=f"At most this many, from the end: {_RANGE}.")]
After = Annotated[strawberry.ID | None, strawberry.argument(description="Only elements after this id.")]
Before = Annotated[strawberry.ID | None, strawberry.argument(description="Only elements before this id.")]

#: The arguments' names.
NAMES = ("first", "after", "last", "before")


@dataclass(frozen=True, slots=True)
class Window:
    """The requested window of a list ordered by id; by default the whole list."""

    first: int | None = None
    after: UUID | None = None
    last: int | None = None
    before: UUID | None = None

    @classmethod
    def of(
        cls, first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
    ) -> Window:
        """Raises BadUserInput for sizes out of range, for ``first`` with ``last``, and for invalid ids."""
        checked_size(first, "first")
        checked_size(last, "last")
        if first is not None and last is not None:
            raise BadUserInput("first and last cannot be used together.")
        return cls(first, _id(after, "after"), last, _id(before, "before"))

    def of_rows(self, rows: Sequence[R]) -> Sequence[R]:
        """The window of ``rows``, which are ordered by id."""
        if self.after is not None:
            rows = [row for row in rows if row.id > self.after]
        if self.before is not None:
            rows = [row for row in rows if row.id < self.before]
        if self.first is not None:
            rows = rows[: self.first]
        return rows if self.last is None else rows[-self.last :]

    def values(self) -> dict[str, int | UUID]:
        """The given arguments by name."""
        return {name: value for name in NAMES if (value := getattr(self, name)) is not None}


def checked_size(size: int | None, name: str) -> int | None:
    """The size of a page, or None. Raises BadUserInput if it is out of range."""
    if size is not None and not 1 <= size <= MAX_PAGE_SIZE:
        raise BadUserInput(f"{name} must be from 1 to {MAX_PAGE_SIZE}.")
    return size


def _id(given: str | None, name: str) -> UUID | None:
    try:
        return None if given is None else parse_id(given, "element")
    except NotFound:
        raise BadUserInput(f"{name} is not the id of an element of this list.") from None
