"""Declarations of fields: each has its description, how it is read from a row in Python, and how in SQL.

To a type checker a declaration is the value that its field resolves to, so that mypy compares the field's annotation
with the column. ``graph.api.relations`` has the fields that show rows of other tables, ``graph.api.declared`` the
metadata, of which ``graph.compiled`` makes statements.

An SQL function takes the model's class, as SQLAlchemy's ``aliased()`` returns it: its attributes are the columns of one
occurrence of the table, by their names in the database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast, overload
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import SQLColumnExpression
from strawberry.scalars import JSON

from db.json_value import Json
from db.postgres.jsonb import JsonbObject
from graph.api.context import Info
from graph.api.declared import READ, Columns, Expression, Items, SameRow, SoundUrl, Value
from graph.api.loaders import Source

#: The Python types that GraphQL has a type for; an enum is a str.
P = TypeVar("P", bound="str | float | datetime | None")
V = TypeVar("V")
R = TypeVar("R")
Own = TypeVar("Own")
C = TypeVar("C")
T = TypeVar("T")
R_contra = TypeVar("R_contra", contravariant=True)
T_co = TypeVar("T_co", covariant=True)

#: What a JSON column holds, as the models annotate it.
_JsonObject = dict[str, Json]


class Shows(Protocol[R_contra, T_co]):
    """A GraphQL type that shows rows: its class, or a function that imports the class when it is called."""

    def __call__(self, *, row: R_contra, source: Source) -> T_co: ...


class ShowsItem(Protocol[R_contra, T_co]):
    """A GraphQL type that shows elements of a JSON array."""

    def __call__(self, *, row: R_contra) -> T_co: ...


class ItemColumns(Protocol):
    """The columns of an element of a JSON array in a statement."""

    @property
    def value(self) -> Expression: ...


class Parent(Protocol):
    """The GraphQL object whose field is resolved."""

    @property
    def row(self) -> Any: ...  # Any: a declaration does not know the class in which it stands

    @property
    def source(self) -> Source: ...


# An attribute of None alone would fit all overloads for columns that may be NULL; no column has that type.
@overload
def column(attribute: InstrumentedAttribute[P], description: str) -> P: ...  # type: ignore[overload-overlap]  # see above
@overload
def column(attribute: InstrumentedAttribute[UUID], description: str) -> strawberry.ID: ...
@overload
def column(attribute: InstrumentedAttribute[UUID | None], description: str) -> strawberry.ID | None: ...  # type: ignore[overload-overlap]  # see above
@overload
def column(attribute: InstrumentedAttribute[_JsonObject], description: str) -> JSON: ...
@overload
def column(attribute: InstrumentedAttribute[_JsonObject | None], description: str) -> JSON | None: ...
def column(attribute: InstrumentedAttribute[V], description: str) -> object:
    """The value of a column. A UUID is shown as an ID, a JSON object as JSON."""
    key, name = attribute.key, attribute.name

    def resolve(self: Parent) -> object:
        return _plain(getattr(self.row, key))

    return declare(resolve, description, Value(lambda columns: columns[name]))


def non_null(attribute: InstrumentedAttribute[V | None]) -> InstrumentedAttribute[V]:
    """A column that may be NULL, for a GraphQL type that shows only rows in which it is not."""
    return cast("InstrumentedAttribute[V]", attribute)


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    return value.fragment if isinstance(value, JsonbObject) else value


def computed(python: Callable[[R], V], sql: Callable[[C], SQLColumnExpression[object]], description: str) -> V:
    """The value that ``python`` computes from the row, and ``sql`` from its columns: both give the same.

    Both are functions with annotations, ``(row: TurnRow) -> float`` and ``(row: type[TurnRow]) -> ...``: a lambda's
    parameter has no type.
    """

    def resolve(self: Parent) -> object:
        return python(self.row)

    return cast("V", declare(resolve, description, Value(over_columns(sql))))


def prefixed_id(prefix: str, attribute: InstrumentedAttribute[UUID], what: str) -> strawberry.ID:
    """The row's id with a prefix, for an object that shows the same row as another type does."""
    key, name = attribute.key, attribute.name

    def python(row: object) -> strawberry.ID:
        return strawberry.ID(f"{prefix}:{getattr(row, key)}")

    def sql(columns: Columns) -> SQLColumnExpression[str]:
        return func.concat(f"{prefix}:", columns[name])

    description = f"For the caches of clients, which keep what they read of {what} together; node does not take it."
    return computed(python, sql, description)


def sound_url(audio_id: InstrumentedAttribute[UUID], description: str) -> str:
    """The signed URL of an audio."""
    key, name = audio_id.key, audio_id.name

    def resolve(self: Parent, info: Info) -> str:
        return info.context.audio_url(getattr(self.row, key))

    return cast("str", declare(resolve, description, SoundUrl(lambda columns: columns[name])))


@overload
def part(shown: Shows[R, T], description: str) -> T: ...
@overload
def part(shown: Shows[R, T], description: str, *, where: Callable[[R], bool]) -> T | None: ...
def part(shown: Shows[R, T], description: str, *, where: Callable[[R], bool] | None = None) -> object:
    """An object that shows the same row; None where the condition does not hold.

    ``where`` is asked with the row, and with its table's columns for SQL: it is said in operators that both have.
    """

    def resolve(self: Parent) -> object:
        return shown(row=self.row, source=self.source) if where is None or where(self.row) else None

    return declare(resolve, description, SameRow(cast("Callable[[Columns], ColumnElement[bool]] | None", where)))


def items(
    shown: ShowsItem[R, T],
    description: str,
    python: Callable[[Own], Sequence[R]],
    *,
    sql: Callable[[type[Own]], SQLColumnExpression[object]],
    order: Callable[[ItemColumns], SQLColumnExpression[object]],
) -> list[T]:
    """Objects that show the elements that ``python`` finds in the row, sorted; ``sql`` finds them as a JSON array."""

    def resolve(self: Parent) -> object:
        return [shown(row=each) for each in python(self.row)]

    return cast("list[T]", declare(resolve, description, Items(over_columns(sql), over_columns(order))))


def over_columns(sql: Callable[[C], SQLColumnExpression[V]]) -> Callable[[Columns], ColumnElement[V]]:
    """The same function, as ``graph.compiled`` calls it."""
    return cast("Callable[[Columns], ColumnElement[V]]", sql)


def declare(resolve: Callable[..., object], description: str, read: object) -> object:
    """A field of a GraphQL type. Strawberry takes the field's type from the annotation of its class."""
    return strawberry.field(resolver=resolve, description=description, metadata={READ: read})
