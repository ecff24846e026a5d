"""The SQL statement of a compiled query: its text, and the names of its bound values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import FieldNode, GraphQLObjectType, get_named_type
from sqlalchemy import ColumnElement, Text, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.sql.selectable import FromClause, NamedFromClause

from db.commands.keys import is_usable
from db.models.conversation import Turn
from db.models.tenancy import ApiKey
from db.models.work import CrmRecord
from graph.api.declared import Expression
from graph.compiled.reads.incremental import GrowingWriter, changed_records, ended_turns
from graph.compiled.reads.objects import Writer
from graph.compiled.reads.pages import PageWriter
from graph.compiled.reads.roots import ROOTS, Bound, filtered
from graph.compiled.reads.selection import inner
from graph.compiled.reads.sql_json import DIALECT, Rows, joined, quoted, sent

#: Bound value of every statement: the hash of the request's API key.
KEY_HASH = "key_hash"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for asyncpg. Returns one row for a valid key, no row otherwise.

    Columns: the JSON text of each root field, NULL for a missing object. For a query about one session: the columns of
    ``graph.compiled.reads.incremental`` for ``lists`` lists, the ended turns and changed records, the session's
    ``last_seq`` and its row version (xmin). ``names``: the values bound to $1, $2 ...
    """

    sql: str
    names: tuple[str, ...]
    lists: int = 0


def write_many(
    writer: Writer, query: GraphQLObjectType, selected: Mapping[str, Sequence[FieldNode]], bound: Mapping[str, Bound]
) -> Statement:
    """The statement of several root fields with their bound arguments. Raises Unsupported."""
    asking = _asking()
    parts = [_part(writer, query, nodes, bound[key], asking.c.tenant_id) for key, nodes in selected.items()]
    return Statement(_compiled(writer, asking, parts), writer.parameters.names)


def write_session(writer: Writer, query: GraphQLObjectType, nodes: Sequence[FieldNode], bound: Bound) -> Statement:
    """The statement of a query about one session, with its version. Raises Unsupported."""
    asking = _asking()
    table, rows = _rows(writer, nodes, bound, asking.c.tenant_id)
    growing = GrowingWriter(writer, table)
    rows = growing.write(_kind(query, nodes), inner(nodes), rows)
    version = literal_column(f"{table.name}.xmin::text", Text).label("row_version")
    ended = ended_turns(writer.alias(Turn.__table__), table.c.id) if growing.lists else quoted("")
    if growing.lists and CrmRecord in writer.models:
        changed = changed_records(writer.alias(CrmRecord.__table__), table.c.id)
        ended = func.concat(ended, quoted(","), changed)
    part = rows.add_columns(ended.label("ended"), table.c.last_seq, version).lateral()
    return Statement(_compiled(writer, asking, [part]), writer.parameters.names, growing.lists)


def is_of_session(selected: Mapping[str, Sequence[FieldNode]]) -> bool:
    """Whether the query is about one session only, so that its version validates a cached response."""
    return len(selected) == 1 and all(ROOTS[nodes[0].name.value].is_session for nodes in selected.values())


def _asking() -> NamedFromClause:
    return ApiKey.__table__.alias("asking")


def _compiled(writer: Writer, asking: NamedFromClause, parts: Sequence[FromClause]) -> str:
    source: FromClause = asking
    for part in parts:
        source = source.outerjoin(part, true())
    key_hash = writer.parameters.of(KEY_HASH, BYTEA())
    statement = (
        select(*(column for part in parts for column in part.c))
        .select_from(source)
        .where(asking.c.secret_hash == key_hash, is_usable(asking))
    )
    return str(statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))


def _kind(query: GraphQLObjectType, nodes: Sequence[FieldNode]) -> GraphQLObjectType:
    kind = get_named_type(query.fields[nodes[0].name.value].type)
    assert isinstance(kind, GraphQLObjectType)
    return kind


def _rows(
    writer: Writer, nodes: Sequence[FieldNode], bound: Bound, tenant_id: Expression
) -> tuple[NamedFromClause, Rows]:
    root = ROOTS[nodes[0].name.value]
    table = writer.alias(root.model.__table__)
    return table, root.rows(table, tenant_id, bound, writer.parameters).correlate(tenant_id.table)


def _part(
    writer: Writer, query: GraphQLObjectType, nodes: Sequence[FieldNode], bound: Bound, tenant_id: Expression
) -> FromClause:
    table, rows = _rows(writer, nodes, bound, tenant_id)
    kind = _kind(query, nodes)
    if ROOTS[nodes[0].name.value].pages:
        whole = writer.alias(ROOTS[nodes[0].name.value].model.__table__)

        def total() -> ColumnElement[int]:
            counted = filtered(whole, tenant_id, bound, writer.parameters).add_columns(func.count())
            return counted.correlate(tenant_id.table).scalar_subquery()

        text, page = PageWriter(writer, table, rows, bound, total).write(kind, nodes)
        # HAVING makes this an aggregate query: one row, even for an empty page.
        return select(sent(text).label("text")).select_from(page).having(func.count() >= 0).lateral()
    return rows.add_columns(sent(joined(writer.object(kind, inner(nodes), table))).label("text")).lateral()
