"""SQL that renders a page of rows as a Relay connection, the same JSON as of ``graph.api.paging``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphql import FieldNode, GraphQLObjectType, get_named_type
from sqlalchemy import ColumnElement, Integer, Text, case, func, literal_column, select
from sqlalchemy.sql.selectable import NamedFromClause, Subquery

from graph.api.declared import Expression
from graph.compiled.reads.objects import Writer
from graph.compiled.reads.roots import AFTER, BEFORE, SIZE, Bound
from graph.compiled.reads.selection import Unsupported, inner
from graph.compiled.reads.sql_json import Pieces, Rows, joined, nullable, quoted

_PLACE: ColumnElement[int] = literal_column("page.place", Integer)
_KEPT: ColumnElement[int] = literal_column("page.kept", Integer)
_CURSOR: ColumnElement[str] = literal_column("page.cursor", Text)

_Member = Callable[[GraphQLObjectType, str, Sequence[FieldNode]], Pieces]


class PageWriter:
    """Writes a connection as three nested queries: the rows, the JSON texts of each row, and their aggregation.

    ``rows``: rows of ``table``, one more than the page if there are more. ``total``: SQL count of the whole list.
    """

    def __init__(
        self, writer: Writer, table: NamedFromClause, rows: Rows, bound: Bound, total: Callable[[], ColumnElement[int]]
    ) -> None:
        self._writer = writer
        self._size = bound.parameter(writer.parameters, SIZE, Integer())
        self._bound = bound
        self._total = total
        self._row = rows.add_columns(*table.c).subquery("listed")
        self._texts: list[Expression] = [
            func.row_number().over(order_by=self._row.c.id.desc()).label("place"),
            func.row_number()
            .over(order_by=self._row.c.id.asc() if bound.backwards else self._row.c.id.desc())
            .label("kept"),
            _cursor(self._row.c.id).label("cursor"),
        ]

    def write(self, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> tuple[ColumnElement[str], Subquery]:
        """The connection's JSON text, and the subquery to select it from."""
        text = joined(self._object(kind, nodes, self._connection))
        return text, select(*self._texts).select_from(self._row).subquery("page")

    def _object(self, kind: GraphQLObjectType, nodes: Sequence[FieldNode], member: _Member) -> Pieces:
        pieces: Pieces = ["{"]
        for key, selected in self._writer.selected(kind, inner(nodes)).items():
            name = selected[0].name.value
            pieces.append(f'{"" if len(pieces) == 1 else ","}"{key}":')
            pieces += [f'"{kind.name}"'] if name == "__typename" else member(kind, name, selected)
        return [*pieces, "}"]

    def _connection(self, kind: GraphQLObjectType, name: str, nodes: Sequence[FieldNode]) -> Pieces:
        if name == "totalCount":
            return [self._total()]
        inside = get_named_type(kind.fields[name].type)
        assert isinstance(inside, GraphQLObjectType)
        match name:
            case "pageInfo":
                return self._object(inside, nodes, self._page_info)
            case "edges":
                return self._list(self._object(inside, nodes, self._edge))
            case "nodes":
                return self._list(self._writer.object(inside, inner(nodes), self._row))
        raise Unsupported(name)

    def _list(self, element: Pieces) -> Pieces:
        """A JSON array of ``element`` for all rows."""
        name = f"element_{len(self._texts)}"
        self._texts.append(joined(element).label(name))
        texts = func.string_agg(literal_column(f"page.{name}", Text), quoted(",")).aggregate_order_by(_PLACE)
        return ["[", func.coalesce(texts.filter(self._size >= _KEPT), quoted("")), "]"]

    def _edge(self, kind: GraphQLObjectType, name: str, nodes: Sequence[FieldNode]) -> Pieces:
        if name == "cursor":
            return ['"', _cursor(self._row.c.id), '"']
        inside = get_named_type(kind.fields[name].type)
        assert isinstance(inside, GraphQLObjectType)
        return self._writer.object(inside, inner(nodes), self._row)

    def _page_info(self, kind: GraphQLObjectType, name: str, _: Sequence[FieldNode]) -> Pieces:
        match name:
            case "hasNextPage":
                return [str(BEFORE in self._bound.values).lower() if self._bound.backwards else self._more()]
            case "hasPreviousPage":
                return [self._more() if self._bound.backwards else str(AFTER in self._bound.values).lower()]
            case "startCursor":
                order = _PLACE.asc()
            case "endCursor":
                order = _PLACE.desc()
            case _:
                raise Unsupported(name)
        cursors = func.string_agg(_CURSOR, quoted(",")).aggregate_order_by(order).filter(self._size >= _KEPT)
        cursor = quoted('"').concat(func.split_part(cursors, quoted(","), 1)).concat(quoted('"'))
        return [nullable(cursor, kind.fields[name].type)]

    def _more(self) -> ColumnElement[str]:
        return case((func.count() > self._size, "true"), else_="false")


def _cursor(row_id: Expression) -> ColumnElement[str]:
    """The id in base64url (RFC 4648, section 5) without padding."""
    encoded = func.encode(func.uuid_send(row_id), quoted("base64"))
    return func.translate(encoded, quoted("+/="), quoted("-_"), type_=Text)
