"""The places of a statement where values are put: $1, $2 and so on, each with its type."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.types import TypeEngine

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


class Parameters:
    """The named values of one statement, in the order in which they were first met."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._places)

    def of(self, name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
        """The place of a value."""
        place = self._places.setdefault(name, len(self._places) + 1)
        return literal_column(f"CAST(${place} AS {kind.compile(dialect=DIALECT)})", kind)
