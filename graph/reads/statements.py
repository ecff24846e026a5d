"""The one statement of an operation: its text, and what is bound to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLObjectType, get_named_type
from sqlalchemy import ColumnElement, LargeBinary, Select, Text, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import BYTEA

from db.models.tenancy import ApiKey
from graph.reads.json_text import joined, quoted
from graph.reads.objects import Writer
from graph.reads.pages import PageWriter
from graph.reads.parameters import DIALECT
from graph.reads.roots import ROOTS, Bound
from graph.reads.selection import inner

#: Bound by whoever runs a statement: the hash of the API key that is asking.
KEY_HASH = "key_hash"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for asyncpg. It gives one row for a valid key and none for another.

    The columns are the texts of the root fields, null for what is not there. If it is about one session, that one's
    ``last_seq`` and the version of its row follow. ``names``: what is bound to $1, $2 and so on.
    """

    sql: str
    names: tuple[str, ...]


def write(
    writer: Writer, query: GraphQLObjectType, selected: Mapping[str, Sequence[FieldNode]], bound: Mapping[str, Bound]
) -> Statement:
    """The statement for the root fields ``selected``, with their arguments ``bound``. Raises Unsupported."""
    asking = ApiKey.__table__.alias("asking")
    parts = [
        _part(writer, query, nodes, bound[key], asking.c.tenant_id, is_versioned=is_versioned(selected))
        for key, nodes in selected.items()
    ]
    source: Any = asking
    for part in parts:
        source = source.outerjoin(part, true())
    key_hash = writer.parameters.of(KEY_HASH, BYTEA())
    statement = (
        select(*(column for part in parts for column in part.c))
        .select_from(source)
        .where(asking.c.secret_hash == key_hash, asking.c.revoked_at.is_(None))
    )
    sql = str(statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
    return Statement(sql, writer.parameters.names)


def is_versioned(selected: Mapping[str, Sequence[FieldNode]]) -> bool:
    """Whether all that is selected is of one session, so that its version tells whether anything changed."""
    return len(selected) == 1 and all(ROOTS[nodes[0].name.value].is_session for nodes in selected.values())


def _part(
    writer: Writer,
    query: GraphQLObjectType,
    nodes: Sequence[FieldNode],
    bound: Bound,
    tenant_id: Any,
    *,
    is_versioned: bool,
) -> Any:
    name = nodes[0].name.value
    root = ROOTS[name]
    kind = get_named_type(query.fields[name].type)
    assert isinstance(kind, GraphQLObjectType)
    table = writer.alias(root.model.__table__)
    rows: Select[Any] = root.rows(table, tenant_id, bound, writer.parameters).correlate(tenant_id.table)
    if root.pages:
        text, page = PageWriter(writer, table, rows, bound).write(kind, nodes)
        # Of no row too one text is made, and of many just one.
        return select(_sent(text)).select_from(page).having(func.count() >= 0).lateral()
    rows = rows.add_columns(_sent(joined(writer.object(kind, inner(nodes), table))))
    if is_versioned:
        rows = rows.add_columns(table.c.last_seq, literal_column(f"{table.name}.xmin::text", Text).label("row_version"))
    return rows.lateral()


def _sent(text: ColumnElement[str]) -> Any:
    """As bytes: what Postgres sends is what the client gets."""
    return func.convert_to(text, quoted("UTF8"), type_=LargeBinary).label("text")
