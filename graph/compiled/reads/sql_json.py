"""SQL expressions that render JSON as text, byte for byte as the resolvers' responses.

Text instead of Postgres' json type, which would be parsed and printed again at each level.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, GraphQLOutputType, GraphQLScalarType
from sqlalchemy import Column, ColumnElement, LargeBinary, Select, Text, case, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.types import TypeEngine

from graph.api.declared import Expression
from graph.compiled.reads.selection import Unsupported

#: A select. Any: its columns depend on the client's selection.
Rows = Select[Any]

#: The type of a bound value. Any: TypeEngine is invariant, and asyncpg checks the value.
SqlType = TypeEngine[Any]

#: Pieces of a text: constants and SQL expressions.
Pieces = list[str | Expression]

#: Sentinel for NULL in a non-null field: never part of JSON text; makes the request fall back to the resolvers.
BROKEN = "\x01"

#: Postgres allows 100 arguments per function call.
_MAX_ARGUMENTS = 90

_NULL: ColumnElement[str] = literal_column("'null'", Text)


def quoted(text: str) -> ColumnElement[str]:
    """An SQL string literal."""
    return literal_column("'" + text.replace("'", "''") + "'", Text)


def joined(pieces: Pieces) -> ColumnElement[str]:
    """One expression that concatenates all pieces; NULL pieces are skipped."""
    arguments = list(_merged(pieces))
    while len(arguments) > _MAX_ARGUMENTS:
        arguments = [
            func.concat(*arguments[start : start + _MAX_ARGUMENTS])
            for start in range(0, len(arguments), _MAX_ARGUMENTS)
        ]
    return func.concat(*arguments, type_=Text)


def _merged(pieces: Pieces) -> Iterable[Expression]:
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        if text:
            yield quoted(text)
        text = ""
        yield piece
    if text:
        yield quoted(text)


def sent(text: ColumnElement[str]) -> ColumnElement[bytes]:
    """The text as bytes (UTF-8), which go to the client without decoding."""
    return func.convert_to(text, quoted("UTF8"), type_=LargeBinary)


def array(element: Pieces, rows: Rows, place: Expression | None = None) -> ColumnElement[str]:
    """A JSON array with one element per row; in the order of ``rows``, or by ``place`` if given."""
    texts = rows.add_columns(joined(element).label("element"))
    inside: ColumnElement[str]
    if place is not None:
        placed = texts.add_columns(place.label("place")).subquery()
        inside = func.string_agg(placed.c.element, quoted(",")).aggregate_order_by(placed.c.place)
    else:
        inside = func.string_agg(texts.subquery().c.element, quoted(","))
    return select(func.concat(quoted("["), func.coalesce(inside, quoted("")), quoted("]"))).scalar_subquery()


def nullable(text: Expression, kind: GraphQLOutputType) -> Expression:
    """The text, or for NULL ``null``; BROKEN if the schema's type is non-null."""
    return func.coalesce(text, quoted(BROKEN) if isinstance(kind, GraphQLNonNull) else _NULL)


def value(expression: Expression, kind: GraphQLOutputType) -> Pieces:
    """The JSON of a scalar or enum."""
    named = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(kind, GraphQLNonNull) and isinstance(expression, Column) and not expression.nullable:
        return _plain(expression, named)
    return [nullable(_strict(_plain(expression, named)), kind)]


def _strict(pieces: Pieces) -> Expression:
    """Concatenates the pieces; NULL if one is NULL."""
    expressions = [quoted(piece) if isinstance(piece, str) else cast(piece, Text) for piece in pieces]
    whole = expressions[0]
    for each in expressions[1:]:
        whole = whole.concat(each)
    return whole


def _plain(expression: Expression, kind: GraphQLOutputType) -> Pieces:
    if isinstance(kind, GraphQLList):  # of scalars: an array column
        return [cast(func.to_json(expression), Text)]
    if isinstance(kind, GraphQLEnumType) or (isinstance(kind, GraphQLScalarType) and kind.name == "ID"):
        return ['"', expression, '"']
    match kind.name if isinstance(kind, GraphQLScalarType) else None:
        case "String" | "DateTime":
            return [func.to_json(expression)]
        case "Int":
            return [expression]
        case "Float":
            # As Python writes a float: 1.0, not 1.
            return [cast(expression, Text), case((expression == func.trunc(expression), ".0"), else_="")]
        case "Boolean" | "JSON":
            return [cast(expression, Text)]
    raise Unsupported(str(kind))


DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it unannotated


class Parameters:
    """The named values of one statement, numbered $1, $2 ... in order of first use."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._places)

    def of(self, name: str, kind: SqlType) -> Expression:
        """The placeholder of a value, with a cast to its type."""
        place = self._places.setdefault(name, len(self._places) + 1)
        return literal_column(f"CAST(${place} AS {kind.compile(dialect=DIALECT)})", kind)
