"""Metadata of a declared field, under the key ``READ``: how SQL reads the field from a row.

``graph.api.fields`` and ``graph.api.event_fields`` write it; ``graph.compiled`` compiles statements from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graphql import GraphQLField
from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import KeyedColumnElement

from db.models.base import Base

READ = "read"

#: An SQL expression. Any: ColumnElement is invariant, and an expression's type is checked where it is declared.
Expression = ColumnElement[Any]

#: The columns of one occurrence of a table in a statement, by name. Any: each column has a type of its own.
Columns = ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Value:
    """A value: ``sql`` is an expression over the row's columns."""

    sql: Callable[[Columns], Expression]


@dataclass(frozen=True, slots=True, eq=False)
class Derived(Value):
    """A value that SQL derives from other tables, by the id of the row, ``column``.

    Resolvers read it by the same expression, for many rows in one statement.
    """

    column: InstrumentedAttribute[UUID]


@dataclass(frozen=True, slots=True)
class SoundUrl:
    """The signed URL of an audio; ``sql`` gives its id."""

    sql: Callable[[Columns], Expression]


@dataclass(frozen=True, slots=True)
class SameRow:
    """An object of the same row; None unless ``when`` is true."""

    when: Callable[[Columns], ColumnElement[bool]] | None


@dataclass(frozen=True, slots=True)
class Items:
    """Objects of the elements of a JSON array, sorted by ``order``; None: in the array's order."""

    sql: Callable[[Columns], Expression]
    order: Callable[[Columns], Expression] | None = None


@dataclass(frozen=True, slots=True)
class Through:
    """An association table: its column ``own`` refers to the row, and its id is the related rows' key."""

    model: type[Base]
    own: str


@dataclass(frozen=True, slots=True)
class Related:
    """Rows of ``model`` whose ``key`` equals the row's ``own``, filtered by ``where(own columns, their columns)``.

    ``windows``: the field takes the arguments of ``graph.api.windows``.
    """

    model: type[Base]
    key: str
    own: str
    many: bool
    where: Callable[[Columns, Columns], ColumnElement[bool]] | None = None
    through: Through | None = None
    windows: bool = False


def declared(field: GraphQLField) -> object:
    """The metadata of a schema field; None for a field that has only a resolver."""
    definition = field.extensions.get("strawberry-definition")
    return None if definition is None else definition.metadata.get(READ)
