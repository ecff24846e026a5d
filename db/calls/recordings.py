"""The recording of a whole call: segments while it is spoken, one audio when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Interval, cast, delete, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.audio.persist import NewAudio, add_audio
from db.calls.values import Lease
from db.enums import LiveCallStatus
from db.feed.events import touch_session
from db.models.audio import Audio
from db.models.calls import Call, CallRecordingSegment
from db.models.conversation import Session
from db.postgres.database import Database

# The connection may have lost the call to its end, as the last seconds come after it; not to a newer connection.
_KEEP = """
with held as (
  update calls set elapsed_ms = case when calls.status = 'ENDED' then calls.elapsed_ms
    else greatest(calls.elapsed_ms, $4::int + $5::int) end
  where calls.id = $1::uuid and calls.session_id = $2::uuid and calls.connection = $3::int and calls.record
    and not exists (select from audio where audio.call_id = $1)
  returning calls.id
), kept as (
  insert into call_recordings (call_id, at_ms, duration_ms, data)
  select held.id, $4, $5, $6::bytea from held on conflict do nothing
)
select id from held
"""


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call that has ended, with a recording that is not one audio yet. ``segments``: their number now."""

    session_id: UUID
    call_id: UUID
    segments: int


async def keep(database: Database, lease: Lease, at_ms: int, duration_ms: int, data: bytes) -> bool:
    """Stores a segment of the recording; False if it may not be, as for a call that is not recorded.

    Idempotent: a segment at the same position is kept as it is.
    """
    arguments = [lease.call_id, lease.session_id, lease.connection, at_ms, duration_ms, data]
    return await database.writer.row(_KEEP, arguments) is not None


async def find_ended(session: AsyncSession, call_id: UUID) -> EndedCall | None:
    """The call, if it has ended and has segments."""
    query = (
        select(Call.session_id, func.count(CallRecordingSegment.at_ms))
        .join(CallRecordingSegment, CallRecordingSegment.call_id == Call.id)
        .where(Call.id == call_id, Call.status == LiveCallStatus.ENDED)
        .group_by(Call.session_id)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else EndedCall(row[0], call_id, row[1])


async def find_left(session: AsyncSession, *, after_seconds: float, limit: int) -> Sequence[UUID]:
    """Ids of calls that ended ``after_seconds`` ago or longer and have segments still."""
    before = func.clock_timestamp() - cast(literal(timedelta(seconds=after_seconds)), Interval)
    recorded = exists().where(CallRecordingSegment.call_id == Call.id)
    query = select(Call.id).where(Call.record, Call.status == LiveCallStatus.ENDED, Call.ended_at < before, recorded)
    return (await session.scalars(query.limit(limit))).all()


async def read(session: AsyncSession, call_id: UUID, *, after_ms: int, limit: int) -> Sequence[tuple[int, bytes]]:
    """Position and packets of the segments that follow ``after_ms``, in order."""
    query = (
        select(CallRecordingSegment.at_ms, CallRecordingSegment.data)
        .where(CallRecordingSegment.call_id == call_id, CallRecordingSegment.at_ms > after_ms)
        .order_by(CallRecordingSegment.at_ms)
        .limit(limit)
    )
    return [(at_ms, data) for at_ms, data in await session.execute(query)]


async def finish(session: AsyncSession, call: EndedCall, audio: NewAudio) -> bool:
    """Stores the recording and deletes its segments; False if there are more segments by now.

    A call that has its recording already keeps it.
    """
    await session.execute(select(Session.id).where(Session.id == call.session_id).with_for_update())
    await session.execute(select(Call.id).where(Call.id == call.call_id).with_for_update())
    if await session.scalar(select(Audio.id).where(Audio.call_id == call.call_id)) is None:
        mine = CallRecordingSegment.call_id == call.call_id
        if await session.scalar(select(func.count()).select_from(CallRecordingSegment).where(mine)) != call.segments:
            return False
        await add_audio(session, audio, session_id=call.session_id, call_id=call.call_id)
        await touch_session(session, call.session_id)  # cached reads of the call are stale
    await session.execute(delete(CallRecordingSegment).where(CallRecordingSegment.call_id == call.call_id))
    return True
