"""Incremental reads: elements of a conversation's lists whose turn is over are rendered once, and not read again.

A completed turn never changes. A failed or cancelled one changes when it is retried, and its row with it: so its
elements are read again only when the version of that row (``xmin``) is another one. Only elements of turns in motion
are read every time. A list is written as segments: the texts of final elements that stand side by side in one, each
other element in its own. That no element came before those known, with an id from a clock that is late, is shown by
counting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graphql import FieldNode, GraphQLObjectType, SelectionSetNode, get_named_type
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    Uuid,
    all_,
    case,
    column,
    exists,
    false,
    func,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from db.base import Base
from db.models.conversation import Message, Session, Turn
from db.models.work import CrmRecord, ModelCall, ToolCall
from db.words import ToolCallStatus, TurnStatus
from graph.fields import Columns, Related, declared
from graph.reads.json_text import Pieces, joined, quoted, sent
from graph.reads.known_lists import names
from graph.reads.objects import Writer
from graph.reads.selection import inner


def _unfinished(session_id: ColumnElement[UUID]) -> ColumnElement[Any]:
    """The turns of a session in which something may still change, as an array: it is made once for a whole list.

    A tool call may end after its turn: its worker was taken for dead, and another one completed the turn without it.
    """
    turn, call = Turn.__table__.alias(), ToolCall.__table__.alias()
    running = select(turn.c.id).where(turn.c.session_id == session_id, turn.c.status != TurnStatus.COMPLETED)
    waiting = select(call.c.turn_id).where(
        call.c.session_id == session_id, call.c.status == ToolCallStatus.PENDING, call.c.turn_id.is_not(None)
    )
    both = union_all(running.correlate(session_id.table), waiting.correlate(session_id.table))
    return func.array(both.scalar_subquery(), type_=ARRAY(Uuid()))


@dataclass(frozen=True, slots=True)
class _Owner:
    """How an element finds its turn, and whether one without a turn (a tool called by hand, its record) is final."""

    turn_id: Callable[[Columns], ColumnElement[UUID]]
    is_final_alone: Callable[[Columns], ColumnElement[bool]] = lambda _: false()


def _turn_of_call(columns: Columns) -> ColumnElement[UUID]:
    call = ToolCall.__table__.alias()
    return select(call.c.turn_id).where(call.c.id == columns.tool_call_id).scalar_subquery()


_OWNERS: Mapping[type[Base], _Owner] = {
    Turn: _Owner(lambda columns: columns.id),
    Message: _Owner(lambda columns: columns.turn_id),
    ModelCall: _Owner(lambda columns: columns.turn_id),
    ToolCall: _Owner(lambda columns: columns.turn_id, lambda columns: columns.status != ToolCallStatus.PENDING),
    # The commit that files a record ends its call.
    CrmRecord: _Owner(_turn_of_call, lambda _: true()),
}


class GrowingWriter:
    """Writes the object of one session's row in parts: a text, and then for each list its own parts and a text."""

    def __init__(self, writer: Writer, table: Any) -> None:
        self._writer = writer
        self._table = table
        self._texts: list[Pieces] = [[]]
        self._lists: list[Any] = []

    @property
    def lists(self) -> int:
        return len(self._lists)

    def write(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode], rows: Select[Any]) -> Select[Any]:
        """``rows`` with the columns that ``assemble`` takes."""
        self._add("{")
        for number, (key, nodes) in enumerate(self._writer.selected(kind, sets).items()):
            self._add(f'{"," if number else ""}"{key}":')
            if not self._add_list(kind, nodes):
                self._add(*self._writer.field(kind, nodes, self._table))
        self._add("}")
        rows = rows.add_columns(_text(self._texts[0]))
        for each, text in zip(self._lists, self._texts[1:], strict=True):
            rows = rows.join(each, true()).add_columns(*each.c, _text(text))
        return rows

    def _add(self, *pieces: Any) -> None:
        self._texts[-1] += pieces

    def _add_list(self, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> bool:
        """Whether it is a list of what can be finished. What shows the session never is."""
        name = nodes[0].name.value
        related = declared(kind.fields[name]) if name in kind.fields else None
        if not (isinstance(related, Related) and related.many and related.model in _OWNERS):
            return False
        element = get_named_type(kind.fields[name].type)
        assert isinstance(element, GraphQLObjectType)
        table = self._writer.alias(related.model.__table__)
        met, self._writer.models = self._writer.models, set()
        self._writer.object(element, inner(nodes), table)  # to see what it meets
        changes = Session in self._writer.models
        self._writer.models |= met
        if changes:
            return False
        self._lists.append(self._list(table, related, element, inner(nodes)))
        self._texts.append([])
        return True

    def _list(self, table: Any, related: Related, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Any:
        """Columns: how many elements are known by now, and of each segment that is read what ``_Piece`` holds."""
        after, ids, versions = names(len(self._lists))
        last_id = self._writer.parameters.of(after, Uuid())
        known = (
            func.unnest(
                self._writer.parameters.of(ids, ARRAY(Uuid())), self._writer.parameters.of(versions, ARRAY(Text()))
            )
            .table_valued(column("id", Uuid()), column("version", Text()))
            .render_derived(name=f"known_{len(self._lists)}")
        )
        mine = table.c[related.key] == self._table.c[related.own]
        row = self._numbered(table.outerjoin(known, known.c.id == table.c.id), table, related.model, known, last_id)
        row = row.where(mine, (table.c.id > last_id) | known.c.id.is_not(None)).correlate(self._table)
        row = self._versioned(row.offset(0).subquery())  # not merged with what is around it, which would repeat it
        pieces = self._writer.object(kind, sets, row)
        text = case((row.c.turn_version == row.c.known_version, null()), else_=joined(pieces)).label("text")
        read = select(row.c.id, row.c.is_final, row.c.turn_version, row.c.is_alone, row.c.run, text).subquery()
        segments = (
            select(
                func.array_agg(read.c.id).aggregate_order_by(read.c.id.desc()).label("ids"),
                func.count().label("count"),
                func.bool_and(read.c.is_final).label("is_final"),
                func.min(read.c.turn_version).label("version"),
                sent(func.string_agg(read.c.text, quoted(",")).aggregate_order_by(read.c.id)).label("text"),
            )
            .group_by(read.c.run, read.c.is_alone)
            .subquery()
        )
        last = segments.c.ids[1]
        before = self._writer.alias(related.model.__table__)
        count = select(func.count()).where(before.c[related.key] == self._table.c[related.own], before.c.id <= last_id)
        return select(
            count.correlate(self._table).scalar_subquery().label("known"),
            func.array_agg(last).aggregate_order_by(last).label("last_ids"),
            *(
                func.array_agg(segments.c[name]).aggregate_order_by(last).label(name)
                for name in ("count", "is_final", "version", "text")
            ),
        ).lateral()

    def _numbered(self, source: Any, table: Any, model: type[Base], known: Any, last_id: Any) -> Select[Any]:
        owner = _OWNERS[model]
        turn_id = owner.turn_id(table.c)
        is_final = case(
            (turn_id.is_(None), owner.is_final_alone(table.c)), else_=turn_id != all_(_unfinished(self._table.c.id))
        )
        return select(
            *table.c,
            turn_id.label("turn_of_element"),
            is_final.label("is_final"),
            (table.c.id <= last_id).label("is_known"),
            known.c.version.label("known_version"),
        ).select_from(source)

    def _versioned(self, row: Any) -> Any:
        """``row`` with its ``turn_version``, and the ``run`` that final elements share which follow each other."""
        turn, call = self._writer.alias(Turn.__table__), self._writer.alias(ToolCall.__table__)
        waiting = exists().where(call.c.turn_id == turn.c.id, call.c.status == ToolCallStatus.PENDING)
        version = (
            select(literal_column(f"{turn.name}.xmin::text", Text))
            .where(turn.c.id == row.c.turn_of_element, ~waiting)
            .where(turn.c.status.in_([TurnStatus.FAILED, TurnStatus.CANCELLED]))
            .correlate(row)
            .scalar_subquery()
        )
        is_alone = ~row.c.is_final | row.c.is_known
        return select(
            *row.c,
            case((row.c.is_final, null()), else_=version).label("turn_version"),
            is_alone.label("is_alone"),
            func.count().filter(is_alone).over(order_by=row.c.id).label("run"),
        ).subquery()


def _text(pieces: Pieces) -> Any:
    return sent(joined(pieces) if pieces else quoted(""))
