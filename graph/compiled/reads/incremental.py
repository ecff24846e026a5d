"""Incremental reads: rows of completed turns are immutable, so their rendered JSON is reused and not read again.

A list is rendered as two texts: its leading finished elements, and the rest. A cached finished part is continued by
reading only the rows after its last id (keyset). A count detects rows inserted before that id by a slow clock.

A CRM record may be changed at any time, and so may what shows it: its list is read again from the start then.

A failed or cancelled turn changes if it is retried, and a turn of a live call when it is known what the caller heard or
they go on speaking; its row changes with it: its elements are finished while the row's version (xmin) is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from graphql import FieldNode, GraphQLObjectType, SelectionSetNode, get_named_type
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    Uuid,
    all_,
    case,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import FromClause, NamedFromClause

from db.enums import ToolCallStatus, TurnStatus
from db.models.base import Base
from db.models.calls import Call
from db.models.conversation import Message, Session, Turn
from db.models.work import CrmRecord, ModelCall, ToolCall
from db.postgres.pool import Row
from graph.api.declared import Columns, Expression, Related, declared
from graph.compiled.reads.objects import Writer
from graph.compiled.reads.selection import inner
from graph.compiled.reads.sql_json import Pieces, Rows, joined, quoted, sent

_COLUMNS = 5
_CHANGED = "records"

#: Ended turns that may still change: row version (xmin) by turn id. If CRM records are shown, also the time of their
#: newest change, under ``_CHANGED``.
Ended = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Finished:
    """The finished elements of a list in a response: their count, their last id, and their range in the body."""

    last_id: UUID
    count: int
    start: int
    end: int


NOTHING = Finished(UUID(int=0), 0, 0, 0)


def after(place: int) -> str:
    """The name of the bound value: the id after which the list at index ``place`` is read."""
    return f"after_{place}"


def _in_motion(session_id: ColumnElement[UUID]) -> Expression:
    """An SQL array of a session's turns that may still change, computed once per list.

    A tool call may end after its turn: if its worker lost its heartbeat, another worker completed the turn.
    """
    turn, call = Turn.__table__.alias(), ToolCall.__table__.alias()
    moving = turn.c.status.in_([TurnStatus.QUEUED, TurnStatus.RUNNING])
    running = select(turn.c.id).where(turn.c.session_id == session_id, moving)
    waiting = select(call.c.turn_id).where(
        call.c.session_id == session_id, call.c.status == ToolCallStatus.PENDING, call.c.turn_id.is_not(None)
    )
    both = union_all(running.correlate(session_id.table), waiting.correlate(session_id.table))
    return func.array(both.scalar_subquery(), type_=ARRAY(Uuid()))


def ended_turns(turn: NamedFromClause, session_id: ColumnElement[UUID]) -> ColumnElement[str]:
    """SQL: a session's ended turns that may still change (failed, cancelled, or of a live call) with their row
    versions. ``turn``: an alias of the table turns.
    """
    each = func.concat(turn.c.id, quoted("="), literal_column(f"{turn.name}.xmin::text", Text))
    texts = func.coalesce(func.string_agg(each, quoted(",")), quoted(""))
    retried = turn.c.status.in_([TurnStatus.FAILED, TurnStatus.CANCELLED])
    over = retried | ((turn.c.status == TurnStatus.COMPLETED) & turn.c.call_id.is_not(None))
    return select(texts).where(turn.c.session_id == session_id, over).correlate(session_id.table).scalar_subquery()


def changed_records(record: NamedFromClause, session_id: ColumnElement[UUID]) -> ColumnElement[str]:
    """SQL: when a session's CRM records were last changed, in the form of ``ended_turns``. ``record``: an alias of the
    table crm_records.
    """
    newest = select(func.max(record.c.updated_at)).where(record.c.session_id == session_id).correlate(session_id.table)
    return func.concat(quoted(f"{_CHANGED}="), newest.scalar_subquery())


def read_ended(text: str) -> Ended:
    """Parses the results of ``ended_turns`` and ``changed_records``, separated by a comma."""
    return dict(each.split("=") for each in text.split(",") if each)


def _turn_of_call(columns: Columns) -> ColumnElement[UUID]:
    call = ToolCall.__table__.alias()
    return select(call.c.turn_id).where(call.c.id == columns.tool_call_id).scalar_subquery()


@dataclass(frozen=True, slots=True)
class _Owner:
    """SQL of an element's turn id, and whether an element without a turn (of a manual tool call) is finished."""

    turn_id: Callable[[Columns], ColumnElement[UUID]]
    is_finished_alone: Callable[[Columns], ColumnElement[bool]] | None = None

    def is_finished(self, columns: Columns, in_motion: Expression) -> ColumnElement[bool]:
        turn_id = self.turn_id(columns)
        if self.is_finished_alone is None:
            return turn_id != all_(in_motion)
        return case((turn_id.is_(None), self.is_finished_alone(columns)), else_=turn_id != all_(in_motion))


_OWNERS: Mapping[type[Base], _Owner] = {
    Turn: _Owner(lambda columns: columns.id),
    Message: _Owner(lambda columns: columns.turn_id),
    ModelCall: _Owner(lambda columns: columns.turn_id),
    ToolCall: _Owner(lambda columns: columns.turn_id, lambda columns: columns.status != ToolCallStatus.PENDING),
    # A record is committed together with the end of its tool call.
    CrmRecord: _Owner(_turn_of_call, lambda _: true()),
}


class GrowingWriter:
    """Writes SQL for a session's JSON object in parts: a text, then for each list its own parts and a text."""

    def __init__(self, writer: Writer, table: NamedFromClause) -> None:
        self._writer = writer
        self._table = table
        self._texts: list[Pieces] = [[]]
        self._lists: list[FromClause] = []

    @property
    def lists(self) -> int:
        return len(self._lists)

    def write(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode], rows: Rows) -> Rows:
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

    def _add(self, *pieces: str | Expression) -> None:
        self._texts[-1] += pieces

    def _add_list(self, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> bool:
        """Adds a list; False if it has arguments, or elements that never count as finished (that show the session
        or a call)."""
        if nodes[0].arguments:
            return False
        name = nodes[0].name.value
        related = declared(kind.fields[name]) if name in kind.fields else None
        if not (isinstance(related, Related) and related.many and related.model in _OWNERS):
            return False
        element = get_named_type(kind.fields[name].type)
        assert isinstance(element, GraphQLObjectType)
        table = self._writer.alias(related.model.__table__)
        met, self._writer.models = self._writer.models, set()
        pieces = self._writer.object(element, inner(nodes), table)
        changes = not {Session, Call}.isdisjoint(self._writer.models)
        self._writer.models |= met | {related.model}
        if changes:
            return False
        self._lists.append(self._list(table, related, pieces))
        self._texts.append([])
        return True

    def _list(self, table: NamedFromClause, related: Related, pieces: Pieces) -> FromClause:
        known = self._writer.parameters.of(after(len(self._lists)), Uuid())
        mine = table.c[related.key] == self._table.c[related.own]
        is_finished = _OWNERS[related.model].is_finished(table.c, _in_motion(self._table.c.id))
        new = (
            select(table.c.id, joined(pieces).label("element"), is_finished.label("is_finished"))
            .where(mine, table.c.id > known)
            .correlate(self._table)
            .subquery()
        )
        run = func.bool_and(new.c.is_finished).over(order_by=new.c.id)
        marked = select(new.c.id, new.c.element, run.label("is_run")).subquery()
        texts = func.string_agg(marked.c.element, quoted(",")).aggregate_order_by(marked.c.id)
        counted = self._writer.alias(related.model.__table__)
        before = select(func.count()).where(counted.c[related.key] == self._table.c[related.own], counted.c.id <= known)
        ids = func.array_agg(marked.c.id).aggregate_order_by(marked.c.id.desc())
        return select(
            before.correlate(self._table).scalar_subquery().label("known"),
            sent(texts.filter(marked.c.is_run)).label("finished"),
            sent(texts.filter(~marked.c.is_run)).label("rest"),
            ids.filter(marked.c.is_run)[1].label("last_id"),
            func.count().filter(marked.c.is_run).label("count"),
        ).lateral()


def _text(pieces: Pieces) -> ColumnElement[bytes]:
    return sent(joined(pieces) if pieces else quoted(""))


def assemble(
    head: bytes, row: Row, tail: bytes, before: bytes, known: Sequence[Finished]
) -> tuple[bytes, tuple[Finished, ...]] | None:
    """The response body and its finished parts. ``before``: the body that ``known`` refers to.

    None if the count shows that rows were inserted within the known part.
    """
    parts = [head, row[0]]
    size = len(head) + len(row[0])
    found = []
    for place, mine in enumerate(known):
        start = 1 + place * (_COLUMNS + 1)
        count, finished, rest, last_id, more, text = row[start : start + _COLUMNS + 1]
        if count != mine.count:
            return None
        whole = b",".join(each for each in (before[mine.start : mine.end], finished) if each)
        found.append(Finished(last_id or mine.last_id, mine.count + more, size + 1, size + 1 + len(whole)))
        added = [b"[", whole, b"," if whole and rest else b"", rest or b"", b"]", text]
        parts += added
        size += sum(map(len, added))
    parts.append(tail)
    return b"".join(parts), tuple(found)
