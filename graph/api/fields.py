"""Declarations of GraphQL fields: the description, a resolver in Python, and an SQL expression for compiled queries.

The type of a declaration is that of its field's value, so that mypy compares the field's annotation with the column.
``graph.api.relations`` declares fields with rows of other tables; ``graph.api.declared`` has the metadata that
``graph.compiled`` compiles.

An SQL function takes the model's class, as of SQLAlchemy's ``aliased()``: its attributes are the columns of one
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
from graph.api.declared import READ, Columns, Derived, Expression, Items, SameRow, SoundUrl, Value
from graph.api.loaders import Source

#: Python types with a GraphQL type; an enum is a str.
P = TypeVar("P", bound="str | float | datetime | None")
V = TypeVar("V")
R = TypeVar("R")
Own = TypeVar("Own")
C = TypeVar("C")
T = TypeVar("T")
R_contra = TypeVar("R_contra", contravariant=True)
T_co = TypeVar("T_co", covariant=True)

#: The value of a JSON column, as annotated in the models.
_JsonObject = dict[str, Json]


class Shows(Protocol[R_contra, T_co]):
    """A GraphQL type of rows: its class, or a function that imports the class when called."""

    def __call__(self, *, row: R_contra, source: Source) -> T_co: ...


class ShowsItem(Protocol[R_contra, T_co]):
    """A GraphQL type of elements of a JSON array."""

    def __call__(self, *, row: R_contra) -> T_co: ...


class ItemColumns(Protocol):
    """The columns of a JSON array's element in a statement."""

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
def column(attribute: InstrumentedAttribute[list[str]], description: str) -> list[str]: ...
@overload
def column(attribute: InstrumentedAttribute[_JsonObject], description: str) -> JSON: ...
@overload
def column(attribute: InstrumentedAttribute[_JsonObject | None], description: str) -> JSON | None: ...
def column(attribute: InstrumentedAttribute[V], description: str) -> object:
    """A field with the value of a column. A UUID becomes an ID, a JSON object JSON."""
    key, name = attribute.key, attribute.name

    def resolve(self: Parent) -> object:
        return _plain(getattr(self.row, key))

    return declare(resolve, description, Value(lambda columns: columns[name]))


def non_null(attribute: InstrumentedAttribute[V | None]) -> InstrumentedAttribute[V]:
    """A nullable column as non-null, for a GraphQL type of rows in which it is never NULL."""
    return cast("InstrumentedAttribute[V]", attribute)


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    return value.fragment if isinstance(value, JsonbObject) else value


def computed(python: Callable[[R], V], sql: Callable[[C], SQLColumnExpression[object]], description: str) -> V:
    """A computed field: ``python`` computes it from the row, ``sql`` from its columns, with equal results.

    Both need annotations, ``(row: TurnRow) -> float`` and ``(row: type[TurnRow]) -> ...``; lambdas have none.
    """

    def resolve(self: Parent) -> object:
        return python(self.row)

    return cast("V", declare(resolve, description, Value(over_columns(sql))))


def derived(column: InstrumentedAttribute[UUID], sql: Callable[[C], SQLColumnExpression[V]], description: str) -> V:
    """A field that SQL derives from rows of other tables; ``column``: the id of the field's own row."""
    read = Derived(over_columns(sql), column)

    async def resolve(self: Parent) -> object:
        return await self.source.derived(read).load(getattr(self.row, column.key))

    return cast("V", declare(resolve, description, read))


def prefixed_id(prefix: str, attribute: InstrumentedAttribute[UUID], what: str) -> strawberry.ID:
    """The row's id with a prefix, for an object of the same row as another type."""
    key, name = attribute.key, attribute.name

    def python(row: object) -> strawberry.ID:
        return strawberry.ID(f"{prefix}:{getattr(row, key)}")

    def sql(columns: Columns) -> SQLColumnExpression[str]:
        return func.concat(f"{prefix}:", columns[name])

    description = f"For normalized client caches, as the key of {what}; node(id) does not accept it."
    return computed(python, sql, description)


def sound_url(audio_id: InstrumentedAttribute[UUID], description: str) -> str:
    """A field with the signed URL of an audio."""
    key, name = audio_id.key, audio_id.name

    def resolve(self: Parent, info: Info) -> str:
        return info.context.audio_url(getattr(self.row, key))

    return cast("str", declare(resolve, description, SoundUrl(lambda columns: columns[name])))


@overload
def part(shown: Shows[R, T], description: str) -> T: ...
@overload
def part(shown: Shows[R, T], description: str, *, where: Callable[[R], bool]) -> T | None: ...
def part(shown: Shows[R, T], description: str, *, where: Callable[[R], bool] | None = None) -> object:
    """A field with an object of the same row; None unless ``where`` is true.

    ``where`` is called with the row, and with its table's columns for SQL: it uses operators that both have.
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
    order: Callable[[ItemColumns], SQLColumnExpression[object]] | None = None,
) -> list[T]:
    """A field with objects of elements of the row: ``python`` returns them sorted, ``sql`` as a JSON array.

    ``order``: by which the array is sorted; None for its own order.
    """

    def resolve(self: Parent) -> object:
        return [shown(row=each) for each in python(self.row)]

    return cast(
        "list[T]",
        declare(resolve, description, Items(over_columns(sql), None if order is None else over_columns(order))),
    )


def over_columns(sql: Callable[[C], SQLColumnExpression[V]]) -> Callable[[Columns], ColumnElement[V]]:
    """The same function with the argument type of ``graph.compiled``."""
    return cast("Callable[[Columns], ColumnElement[V]]", sql)


def declare(resolve: Callable[..., object], description: str, read: object, *, name: str | None = None) -> object:
    """A GraphQL field with metadata. Strawberry takes its type from the annotation in its class.

    ``name``: in the schema, where the attribute's name cannot be used.
    """
    return strawberry.field(resolver=resolve, description=description, metadata={READ: read}, name=name)
