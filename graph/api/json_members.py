"""Declarations of GraphQL fields with a member of a JSON column of the row, as of ``graph.api.fields``."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar, cast

from sqlalchemy import Boolean, ColumnElement, Double, Integer, Text
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from db.json_value import Json
from graph.api.declared import Columns, Value
from graph.api.fields import Parent, declare

V = TypeVar("V", bound="str | float")

#: SQL types of a member's text, by the Python type of its value; an enum is text.
#: Any: SQLAlchemy's types have nothing else in common.
_SQL: dict[type, TypeEngine[Any]] = {bool: Boolean(), int: Integer(), float: Double(), str: Text()}


def member(
    attribute: InstrumentedAttribute[dict[str, Json] | None] | InstrumentedAttribute[dict[str, Json]],
    name: str,
    kind: Callable[[Json], V],
    description: str,
    *,
    field_name: str | None = None,
) -> V:
    """A field with a member that the object always has: str, int, float, bool or an enum with text values.

    ``field_name``: in the schema, where the attribute's name cannot be used.
    """
    return cast("V", _declared(attribute.key, attribute.name, name, kind, description, field_name))


def optional_member(
    attribute: InstrumentedAttribute[dict[str, Json] | None] | InstrumentedAttribute[dict[str, Json]],
    name: str,
    kind: Callable[[Json], V],
    description: str,
) -> V | None:
    """A field with a member that may be absent or null."""
    return cast("V | None", _declared(attribute.key, attribute.name, name, kind, description))


def _declared(  # noqa: PLR0917 - all of one field
    key: str, column: str, name: str, kind: Callable[[Json], V], description: str, field_name: str | None = None
) -> object:
    def resolve(self: Parent) -> object:
        value = (getattr(self.row, key) or {}).get(name)
        return None if value is None else kind(value)

    def sql(columns: Columns) -> ColumnElement[object]:
        text: ColumnElement[str] = columns[column][name].astext
        return sql_cast(text, _SQL[str if isinstance(kind, type) and issubclass(kind, Enum) else cast("type", kind)])

    return declare(resolve, description, Value(sql), name=field_name)
