"""Copies the rows of a conversation up to a turn into a fork, with new ids, in SQL.

Audio is not copied: the new rows refer to the same bytes. Live calls and their events are not copied: the fork's turns
are of no call, and what the caller heard stays on the replies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import PlaybackSource, Role, ToolCallStatus
from db.ids import new_id
from db.models.audio import Audio
from db.models.base import Base
from db.models.conversation import Message, Session, Turn
from db.models.work import CrmRecord, CrmRecordChange, ModelCall, ToolCall
from db.turns.crm import columns_of, payload_of
from db.turns.live_values import Playback

#: Tables whose rows are copied, each after those that it refers to.
COPIED: tuple[type[Base], ...] = (Turn, Audio, Message, ModelCall, ToolCall, CrmRecord, CrmRecordChange)

#: The columns of ids that are no ids of copied rows.
_OTHER_IDS = ("session_id", "tenant_id", "call_id")

#: Of a reply in a live call of which it is not known what the caller heard: nothing counts as heard.
_UNHEARD = asdict(Playback("", 0, 0, interrupted=False, source=PlaybackSource.NONE))

#: Copies the events of copied turns and manual tool calls, numbered anew. Members of an event's data whose names end in
#: _id are ids of rows; an event about a row that is not copied, such as a live call, is left out.
_EVENTS = text(r"""
with copied as (
  select row_number() over (order by seq) as seq, :ids ->> turn_id::text as turn_id, type, at,
    data || coalesce((
      select jsonb_object_agg(key, :ids -> (value #>> '{}')) from jsonb_each(data)
      where key like '%\_id' and jsonb_typeof(value) = 'string'
    ), '{}') as data
  from events
  where session_id = :original
    and (:ids ? turn_id::text or (turn_id is null and :ids ? (data ->> 'tool_call_id')))
    and not exists (
      select from jsonb_each(data)
      where key like '%\_id' and jsonb_typeof(value) = 'string' and not :ids ? (value #>> '{}')
    )
), written as (
  insert into events (session_id, seq, turn_id, type, data, at)
  select :fork, seq, turn_id::uuid, type, data, at from copied
)
select coalesce(max(seq), 0) from copied
""").bindparams(bindparam("ids", type_=JSONB()), bindparam("original", type_=Uuid()), bindparam("fork", type_=Uuid()))

#: Results of tools name records by id.
_RENAME = text("""
update tool_calls set result = replace(result::text, :old, :new)::jsonb,
  arguments = replace(arguments::text, :old, :new)::jsonb
where session_id = :fork and (result::text like :pattern or arguments::text like :pattern)
""").bindparams(bindparam("fork", type_=Uuid()))

Ids = Mapping[str, str]


async def copy_conversation(session: AsyncSession, original: Session, fork: Session) -> int:
    """Copies turns 1 to ``fork.forked_after``, which have ended; returns the number of the last event."""
    ids: dict[str, str] = {}
    for model in COPIED:
        found = await session.scalars(_ids(model, original, fork))
        ids |= {str(each): str(new_id()) for each in found}
    for model in COPIED:
        await session.execute(_copy(model, original, fork, ids))
    records = await session.scalars(select(CrmRecord.id).where(CrmRecord.session_id == original.id))
    for old in [each for each in records if str(each) in ids]:
        renamed = {"old": str(old), "new": ids[str(old)], "pattern": f"%{old}%", "fork": fork.id}
        await session.execute(_RENAME, renamed)
        await _undo_later_changes(session, old, ids)
    last: int = (await session.execute(_EVENTS, {"ids": ids, "original": original.id, "fork": fork.id})).scalar_one()
    return last


async def _undo_later_changes(session: AsyncSession, record_id: UUID, ids: Ids) -> None:
    """Gives the copy of a record the values that it had where the fork begins."""
    found = await session.scalars(
        select(CrmRecordChange).where(CrmRecordChange.record_id == record_id).order_by(CrmRecordChange.id)
    )
    changes = found.all()
    later = [each for each in changes if str(each.id) not in ids]
    if not later:
        return
    copy = await session.get_one(CrmRecord, UUID(ids[str(record_id)]))
    values = payload_of(copy)
    for change in reversed(later):
        values |= change.before
    for name, value in columns_of(values).items():
        setattr(copy, name, value)
    copy.updated_at = next((each.created_at for each in reversed(changes) if str(each.id) in ids), None)
    await session.flush()


def _ids(model: type[Base], original: Session, fork: Session) -> Select[UUID]:
    """The ids of the rows to copy, in their order."""
    turns = select(Turn.id).where(Turn.session_id == original.id, Turn.number <= fork.forked_after)
    calls = select(ToolCall.id).where(_of_tool_calls(turns, original, fork))
    columns = model.__table__.c
    if model is Turn:
        wanted: ColumnElement[bool] = columns.number <= fork.forked_after
    elif model is ToolCall:
        wanted = _of_tool_calls(turns, original, fork)
    elif "turn_id" in columns:
        wanted = columns.turn_id.in_(turns)
    elif model is CrmRecord:
        wanted = columns.tool_call_id.in_(calls)
    else:  # a change, of a record that is copied too
        records = select(CrmRecord.id).where(CrmRecord.session_id == original.id, CrmRecord.tool_call_id.in_(calls))
        wanted = and_(columns.tool_call_id.in_(calls), columns.record_id.in_(records))
    return select(columns.id).where(columns.session_id == original.id, wanted).order_by(columns.id)


def _of_tool_calls(turns: Select[UUID], original: Session, fork: Session) -> ColumnElement[bool]:
    """Calls of the copied turns, and manual calls that ended, from before the first turn that is not copied."""
    later = select(func.min(Turn.queued_at)).where(Turn.session_id == original.id, Turn.number > fork.forked_after)
    before = func.coalesce(ToolCall.created_at < later.scalar_subquery(), true())
    manual = and_(ToolCall.turn_id.is_(None), ToolCall.status != ToolCallStatus.PENDING, before)
    return and_(ToolCall.session_id == original.id, or_(ToolCall.turn_id.in_(turns), manual))


def _copy(model: type[Base], original: Session, fork: Session, ids: Ids) -> Insert:
    table = model.__table__
    known = literal(ids, JSONB())
    rows = select(*(_value(model, column, fork, known) for column in table.c))
    rows = rows.where(table.c.session_id == original.id, known.has_key(cast(table.c.id, Text)))
    return insert(model).from_select([column.name for column in table.c], rows.order_by(table.c.id))


# Any: each column has a type of its own.
def _value(
    model: type[Base], column: ColumnElement[Any], fork: Session, known: ColumnElement[Any]
) -> ColumnElement[Any]:
    """The value of a column in the copy."""
    if column.name == "session_id":
        return literal(fork.id, Uuid())
    if column.name == "call_id":
        return null()
    if isinstance(column.type, Uuid) and column.name not in _OTHER_IDS:
        return cast(known[cast(column, Text)].astext, Uuid)
    if model is CrmRecord and column.name == "forked":
        return true()
    if model is Message and column.name == "playback":
        live = select(Turn.call_id).where(Turn.id == Message.turn_id).scalar_subquery()
        unheard = and_(Message.role == Role.ASSISTANT, Message.playback.is_(None), live.is_not(None))
        return case((unheard, literal(_UNHEARD, JSONB())), else_=column)
    return column
