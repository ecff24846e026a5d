"""Conditions of filtered lists, which resolvers and compiled queries put into their statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any

from sqlalchemy import ColumnElement, literal
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from graph.api.declared import Columns, Expression

#: From a table's columns and the condition's values. Hashable and equal where the SQL is: plans are found by it.
ConditionSql = Callable[[Columns, Sequence[Expression]], ColumnElement[bool]]

#: The type of a value. Any: TypeEngine is invariant.
_Type = TypeEngine[Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the rows of a list; ``values`` with their types, to be bound."""

    sql: ConditionSql
    values: tuple[tuple[object, _Type], ...] = ()


@dataclass(frozen=True, slots=True)
class Compare:
    """A column compared with the value."""

    column: str
    #: Any: as the functions of the module operator are typed.
    operator: Callable[[Any, Any], Any] = eq

    def __call__(self, columns: Columns, values: Sequence[Expression]) -> ColumnElement[bool]:
        (value,) = values
        compared: ColumnElement[bool] = self.operator(columns[self.column], value)
        return compared


@dataclass(frozen=True, slots=True)
class Holds:
    """Whether something about the row is ``wanted`` to be true or false."""

    sql: Callable[[Columns], ColumnElement[bool]]
    wanted: bool

    def __call__(self, columns: Columns, values: Sequence[Expression]) -> ColumnElement[bool]:
        return self.sql(columns) if self.wanted else ~self.sql(columns)


# Any: a column of any type, compared as the functions of the module operator are typed.
def compare(
    attribute: InstrumentedAttribute[Any], value: object, operator: Callable[[Any, Any], Any] = eq
) -> Condition:
    """A condition on a column."""
    return Condition(Compare(attribute.name, operator), ((value, attribute.type),))


def in_sql(conditions: Iterable[Condition], columns: Columns) -> Iterator[ColumnElement[bool]]:
    """The conditions with their values, for a statement of SQLAlchemy's."""
    for each in conditions:
        yield each.sql(columns, [literal(value, kind) for value, kind in each.values])
