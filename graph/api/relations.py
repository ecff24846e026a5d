"""Declarations of GraphQL fields with rows of other tables (foreign keys, one-to-many, many-to-many).

``shown`` is the rows' GraphQL type, which mypy compares with the field's annotation. A nullable column makes the object
optional.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast, overload
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from graph.api.declared import Columns, Related, Through
from graph.api.fields import Parent, Shows, declare
from graph.api.loaders import Key, Source, table_of
from graph.api.windows import After, Before, First, Last, Window
from graph.guards.object_budget import spend

R = TypeVar("R")
Own = TypeVar("Own")
T = TypeVar("T")


def show(shown: Shows[R, T], row: R, source: Source) -> T:
    """The GraphQL object of a row, counted against the request's object budget. Raises as ``spend`` does."""
    spend(1)
    return shown(row=row, source=source)


@overload
def one(
    shown: Shows[R, T],
    key: Key,
    own: InstrumentedAttribute[UUID],
    description: str,
    *,
    where: Callable[[Own, R], bool] | None = None,
) -> T: ...
@overload
def one(shown: Shows[R, T], key: Key, own: InstrumentedAttribute[UUID | None], description: str) -> T | None: ...
def one(
    shown: Shows[R, T],
    key: Key,
    own: InstrumentedAttribute[UUID | None],
    description: str,
    *,
    where: Callable[[Own, R], bool] | None = None,
) -> object:
    """A field with the row whose ``key`` equals this row's ``own``; of several, the one for which ``where`` is true.

    ``where`` is called with both rows, and with the columns of both for SQL: it uses operators that both have.
    """

    async def resolve(self: Parent) -> object:
        value = getattr(self.row, own.key)
        if value is None:
            return None
        if where is None:
            row = await self.source.one(key).load(value)
        else:
            rows = await self.source.many(key).load(value)
            row = next((each for each in rows if where(self.row, each)), None)
        return None if row is None else show(shown, row, self.source)

    return declare(resolve, description, Related(table_of(key), key.name, own.name, many=False, where=_in_sql(where)))


def many(
    shown: Shows[R, T],
    key: Key,
    own: InstrumentedAttribute[UUID | None],
    description: str,
    *,
    where: Callable[[Own, R], bool] | None = None,
) -> list[T]:
    """A field with the rows whose ``key`` equals this row's ``own``, oldest first; ``where`` as of ``one``."""

    async def resolve(self: Parent) -> object:
        rows = await self.source.many(key).load(getattr(self.row, own.key))
        return [show(shown, row, self.source) for row in rows if where is None or where(self.row, row)]

    related = Related(table_of(key), key.name, own.name, many=True, where=_in_sql(where))
    return cast("list[T]", declare(resolve, description, related))


def _in_sql(where: Callable[[Own, R], bool] | None) -> Callable[[Columns, Columns], ColumnElement[bool]] | None:
    """The same condition with the argument types of ``graph.compiled``."""
    return cast("Callable[[Columns, Columns], ColumnElement[bool]] | None", where)


def window(shown: Shows[R, T], key: Key, own: InstrumentedAttribute[UUID], description: str) -> list[T]:
    """As ``many``, with the arguments first, after, last and before (``graph.api.windows``)."""

    async def resolve(
        self: Parent, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> object:
        asked = Window.of(first, after, last, before)
        rows = await self.source.many(key).load(getattr(self.row, own.key))
        return [show(shown, row, self.source) for row in asked.of_rows(rows)]

    related = Related(table_of(key), key.name, own.name, many=True, windows=True)
    return cast("list[T]", declare(resolve, description, related))


def many_through(
    shown: Shows[R, T], key: Key, between: Key, own: InstrumentedAttribute[UUID], description: str
) -> list[T]:
    """Rows through an association table: ``key`` equals the id of a row whose ``between`` equals this row's ``own``."""

    async def resolve(self: Parent) -> object:
        middle = await self.source.many(between).load(getattr(self.row, own.key))
        rows = await self.source.one(key).load_many([each.id for each in middle])
        return [show(shown, row, self.source) for row in rows if row is not None]

    related = Related(table_of(key), key.name, own.name, many=True, through=Through(table_of(between), between.name))
    return cast("list[T]", declare(resolve, description, related))
