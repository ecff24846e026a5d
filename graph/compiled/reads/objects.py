"""Query compilation: from selected fields of a GraphQL object to SQL that renders it as JSON (``graph.api.fields``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    SelectionSetNode,
    get_named_type,
)
from sqlalchemy import ColumnElement, Integer, Text, Uuid, case, cast, column, func, select
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.sql.selectable import FromClause, NamedFromClause

from db.models.base import Base
from graph.api.declared import Columns, Expression, Items, Related, SameRow, SoundUrl, Value, declared
from graph.api.windows import Window
from graph.compiled.reads.selection import Operation, Unsupported, inner
from graph.compiled.reads.sql_json import Parameters, Pieces, Rows, SqlType, array, joined, nullable, quoted, value
from graph.media.signing import URL_EXPIRES, URL_INNER, URL_OUTER, URL_START


@dataclass(frozen=True, slots=True)
class Part:
    """The window of a nested list, from its arguments; ``prefix``: of the names of its bound values."""

    prefix: str
    window: Window


@dataclass(slots=True)
class Writer:
    """Writes SQL for the objects of one operation. ``parts``: windows of nested lists, by ``id()`` of the field node.

    Set while writing: ``has_urls``, if the result has signed URLs, which expire; ``models``, the tables' models.
    """

    operation: Operation
    switched: Mapping[str, bool]
    parts: Mapping[int, Part] = field(default_factory=dict)
    parameters: Parameters = field(default_factory=Parameters)
    has_urls: bool = False
    models: set[type[Base]] = field(default_factory=set)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def selected(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        return self.operation.fields(kind, sets, self.switched)

    def alias(self, table: FromClause) -> NamedFromClause:
        return table.alias(f"t{next(self._numbers)}")

    def object(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode], table: NamedFromClause) -> Pieces:
        """A JSON object. Raises Unsupported for a field that has only a resolver."""
        pieces: Pieces = ["{"]
        for key, nodes in self.selected(kind, sets).items():
            pieces.append(f'{"" if len(pieces) == 1 else ","}"{key}":')
            pieces += self.field(kind, nodes, table)
        return [*pieces, "}"]

    def field(self, kind: GraphQLObjectType, nodes: Sequence[FieldNode], table: NamedFromClause) -> Pieces:
        """The JSON value of one field. Raises Unsupported."""
        name = nodes[0].name.value
        if name == "__typename":
            return [f'"{kind.name}"']
        definition = kind.fields[name]
        match declared(definition):
            case Value(sql):
                return value(sql(table.c), definition.type)
            case SoundUrl(sql):
                return self._url(sql(table.c))
            case SameRow(when):
                return self._same_row(definition, nodes, table, when)
            case Items() as items:
                return self._items(definition, nodes, table, items)
            case Related() as related:
                return self._related(definition, nodes, table, related)
        raise Unsupported(f"{kind.name}.{name}")

    def _inner(self, definition: GraphQLField, nodes: Sequence[FieldNode], table: NamedFromClause) -> Pieces:
        kind = get_named_type(definition.type)
        assert isinstance(kind, GraphQLObjectType)
        return self.object(kind, inner(nodes), table)

    def _same_row(
        self,
        definition: GraphQLField,
        nodes: Sequence[FieldNode],
        table: NamedFromClause,
        when: Callable[[Columns], ColumnElement[bool]] | None,
    ) -> Pieces:
        pieces = self._inner(definition, nodes, table)
        return pieces if when is None else [case((when(table.c), joined(pieces)), else_="null")]

    def _items(
        self, definition: GraphQLField, nodes: Sequence[FieldNode], table: NamedFromClause, items: Items
    ) -> Pieces:
        elements = func.jsonb_array_elements(items.sql(table.c))
        valued = elements.table_valued(column("value", JSONB), with_ordinality="place")
        element = valued.render_derived(name=f"t{next(self._numbers)}")
        order = [] if items.order is None else [items.order(element.c)]
        rows = select().select_from(element).order_by(*order, element.c.place).correlate(table)
        return [array(self._inner(definition, nodes, element), rows)]

    def _related(
        self, definition: GraphQLField, nodes: Sequence[FieldNode], table: NamedFromClause, related: Related
    ) -> Pieces:
        self.models.add(related.model)
        other = self.alias(related.model.__table__)
        pieces = self._inner(definition, nodes, other)
        rows = select().select_from(other).correlate(table)
        if related.through is None:
            rows = rows.where(other.c[related.key] == table.c[related.own])
            order = other.c.id
        else:
            between = self.alias(related.through.model.__table__)
            rows = rows.join(between, between.c.id == other.c[related.key])
            rows = rows.where(between.c[related.through.own] == table.c[related.own])
            order = between.c.id
        if related.where is not None:
            rows = rows.where(related.where(table.c, other.c))
        if nodes[0].arguments:
            return [self._part(nodes[0], pieces, rows, other)]
        if related.many:
            return [array(pieces, rows.order_by(order))]
        return [nullable(rows.add_columns(joined(pieces)).scalar_subquery(), definition.type)]

    def _part(self, node: FieldNode, pieces: Pieces, rows: Rows, other: NamedFromClause) -> ColumnElement[str]:
        """A window of a list, as `graph.api.windows` selects it. Raises Unsupported if the list has no ``Part``."""
        part = self.parts.get(id(node))
        if part is None:
            raise Unsupported(node.name.value)

        def given(name: str, kind: SqlType) -> Expression:
            return self.parameters.of(part.prefix + name, kind)

        asked = part.window
        if asked.after is not None:
            rows = rows.where(other.c.id > given("after", Uuid()))
        if asked.before is not None:
            rows = rows.where(other.c.id < given("before", Uuid()))
        if asked.last is not None:
            rows = rows.order_by(other.c.id.desc()).limit(given("last", Integer()))
        else:
            rows = rows.order_by(other.c.id)
        if asked.first is not None:
            rows = rows.limit(given("first", Integer()))
        return array(pieces, rows, place=other.c.id)

    def _url(self, audio_id: Expression) -> Pieces:
        """A signed URL as of ``graph.media.signing``: HMAC-SHA256 (RFC 2104), made of Postgres' sha256()."""
        self.has_urls = True

        given = self.parameters.of
        message = func.convert_to(cast(audio_id, Text), quoted("UTF8"))
        hashed = func.sha256(given(URL_INNER, BYTEA()).op("||")(message))
        signed = func.sha256(given(URL_OUTER, BYTEA()).op("||")(hashed))
        digest = func.left(func.encode(signed, quoted("hex")), 43)
        return [
            '"',
            given(URL_START, Text()),
            "/media/",
            audio_id,
            "?expires=",
            given(URL_EXPIRES, Text()),
            "&signature=",
            digest,
            '"',
        ]
