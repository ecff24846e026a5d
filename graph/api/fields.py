"""Fields of the types, each declared once: its words, how it comes from a row in Python, and how from a table in SQL.

What is declared is kept as the field's metadata under ``READ``; ``graph.compiled.reads`` makes statements of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from graphql import GraphQLField
from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.types import Info

from db.models.base import Base
from db.postgres.jsonb import StoredObject
from graph.api.windows import After, Before, First, Last, Window
from graph.guards.object_budget import spend

READ = "read"

#: The columns of one occurrence of a table in a statement.
Columns = Any

T = TypeVar("T", bound=type)

#: The GraphQL type that shows a table's rows.
_SHOWN_BY: dict[type[Base], type[Any]] = {}


@dataclass(frozen=True, slots=True)
class Value:
    """What ``sql`` makes of the row's columns."""

    sql: Callable[[Columns], ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class SoundUrl:
    """The signed address of the sound whose id ``sql`` finds."""

    sql: Callable[[Columns], ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class SameRow:
    """An object that shows the same row; null unless ``when`` holds."""

    when: Callable[[Columns], ColumnElement[bool]] | None


@dataclass(frozen=True, slots=True)
class Items:
    """Objects that show the elements of a JSON array, in the order of ``order``."""

    sql: Callable[[Columns], ColumnElement[Any]]
    order: Callable[[Columns], ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Related:
    """Rows of ``model`` whose ``key`` is the row's ``own`` and that pass ``where(own columns, their columns)``.

    ``through``: a table between, whose own key is the row's, and whose id is the ``key``. ``windows``: the field takes
    the arguments of ``graph.api.windows``.
    """

    model: Any
    key: str
    own: str
    many: bool
    where: Callable[[Columns, Columns], ColumnElement[bool]] | None = None
    through: InstrumentedAttribute[Any] | None = None
    windows: bool = False


def declared(field: GraphQLField) -> object:
    """How a field of the schema is read; null for one that only its resolver knows."""
    definition = field.extensions.get("strawberry-definition")
    return None if definition is None else definition.metadata.get(READ)


def shows(model: type[Base]) -> Callable[[T], T]:
    """Says that the decorated type shows rows of ``model``."""

    def register(shown: T) -> T:
        _SHOWN_BY[model] = shown
        return shown

    return register


def show(row: Base | None, source: Any) -> Any:
    """The GraphQL object of a row."""
    if row is None:
        return None
    spend(1)
    return _SHOWN_BY[type(row)](row=row, source=source)


def column(attribute: InstrumentedAttribute[Any], description: str) -> Any:
    """A column as it is."""
    key, name = attribute.key, attribute.name

    def resolve(self: Any) -> Any:
        return _plain(getattr(self.row, key))

    return _field(resolve, description, Value(lambda columns: columns[name]))


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.fragment if isinstance(value, StoredObject) else value


def computed(python: Callable[[Any], Any], sql: Callable[[Columns], ColumnElement[Any]], description: str) -> Any:
    """What ``python`` makes of the row, and ``sql`` of its columns: the same."""

    def resolve(self: Any) -> Any:
        return python(self.row)

    return _field(resolve, description, Value(sql))


def sound_url(audio_id: InstrumentedAttribute[Any], description: str) -> Any:
    """Where a sound can be fetched."""
    key, name = audio_id.key, audio_id.name

    def resolve(self: Any, info: Info[Any, Any]) -> str:
        return str(info.context.audio_url(getattr(self.row, key)))

    return _field(resolve, description, SoundUrl(lambda columns: columns[name]))


def part(
    description: str,
    make: Callable[[], type[Any]],
    *,
    python: Callable[[Any], bool] | None = None,
    sql: Callable[[Columns], ColumnElement[bool]] | None = None,
) -> Any:
    """An object of the type that ``make`` gives, showing the same row; null where the condition does not hold."""

    def resolve(self: Any) -> Any:
        return make()(row=self.row, source=self.source) if python is None or python(self.row) else None

    return _field(resolve, description, SameRow(sql))


def items(
    description: str,
    make: Callable[[], type[Any]],
    python: Callable[[Any], Sequence[Any]],
    *,
    sql: Callable[[Columns], ColumnElement[Any]],
    order: Callable[[Columns], ColumnElement[Any]],
) -> Any:
    """Objects that show what ``python`` finds in the row, ordered; ``sql`` finds the same as a JSON array.

    An element's fields see it as the column ``value``.
    """

    def resolve(self: Any) -> Any:
        return [make()(row=each) for each in python(self.row)]

    return _field(resolve, description, Items(sql, order))


def one(
    key: InstrumentedAttribute[Any],
    own: InstrumentedAttribute[Any],
    description: str,
    *,
    python: Callable[[Any], bool] | None = None,
    sql: Callable[[Columns, Columns], ColumnElement[bool]] | None = None,
) -> Any:
    """The row whose ``key`` is this row's ``own``; of several, the one that passes ``python``, as ``sql`` says it."""

    async def resolve(self: Any) -> Any:
        value = getattr(self.row, own.key)
        if value is None:
            return None
        if python is None:
            return show(await self.source.one(key).load(value), self.source)
        rows = await self.source.many(key).load(value)
        return show(next((row for row in rows if python(row)), None), self.source)

    return _field(resolve, description, Related(key.class_, key.name, own.name, many=False, where=sql))


def many(
    key: InstrumentedAttribute[Any],
    own: InstrumentedAttribute[Any],
    description: str,
    *,
    python: Callable[[Any, Any], bool] | None = None,
    sql: Callable[[Columns, Columns], ColumnElement[bool]] | None = None,
) -> Any:
    """The rows whose ``key`` is this row's ``own``, oldest first, that pass ``python``, as ``sql`` says it."""

    async def resolve(self: Any) -> Any:
        rows = await self.source.many(key).load(getattr(self.row, own.key))
        return [show(row, self.source) for row in rows if python is None or python(self.row, row)]

    return _field(resolve, description, Related(key.class_, key.name, own.name, many=True, where=sql))


def window(key: InstrumentedAttribute[Any], own: InstrumentedAttribute[Any], description: str) -> Any:
    """As ``many``, or the part of it that the arguments ask for."""

    async def resolve(
        self: Any, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Any:
        asked = Window.of({"first": first, "after": after, "last": last, "before": before})
        rows = await self.source.many(key).load(getattr(self.row, own.key))
        return [show(row, self.source) for row in asked.of_rows(rows)]

    return _field(resolve, description, Related(key.class_, key.name, own.name, many=True, windows=True))


def many_through(
    key: InstrumentedAttribute[Any],
    between: InstrumentedAttribute[Any],
    own: InstrumentedAttribute[Any],
    description: str,
) -> Any:
    """The rows whose ``key`` is the id of a row whose ``between`` is this row's ``own``, in the order of those."""

    async def resolve(self: Any) -> Any:
        middle = await self.source.many(between).load(getattr(self.row, own.key))
        rows = await self.source.one(key).load_many([each.id for each in middle])
        return [show(row, self.source) for row in rows if row is not None]

    return _field(resolve, description, Related(key.class_, key.name, own.name, many=True, through=between))


def _field(resolve: Callable[..., Any], description: str, read: object) -> Any:
    return strawberry.field(resolver=resolve, description=description, metadata={READ: read})
