"""Connections of a live call: connect, lose the connection, end; the heartbeat of the process that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.calls.ending import CONNECTED, end_call, signal_call
from db.calls.fence import hold
from db.calls.lifetimes import CONNECT_SECONDS
from db.calls.turn_taking import parse_turn_taking
from db.calls.values import ConnectedCall, Lease
from db.enums import CallEndReason, EventType, LiveCallStatus
from db.errors import Conflict, Forbidden, NotFound
from db.feed.events import NewEvent, append
from db.models.calls import Call, CallRecordingSegment, CallSound
from db.models.conversation import Session, Turn
from db.postgres.database import Database

#: Most segments of unfinished audio that a process takes up: five minutes, the newest.
_MAX_SEGMENTS = 300

#: Bytes of 1 ms of a segment.
_BYTES_PER_MS = 32

_ENDED = "select from calls where id = $1::uuid and connection = $2::int and status = 'ENDED'"

#: Locks in the order of ids, as two processes may beat for the same calls.
_BEAT = """
with mine as materialized (
  select calls.id from unnest($1::uuid[], $2::int[]) as held (id, connection)
  join calls on calls.id = held.id and calls.connection = held.connection and calls.status <> 'ENDED'
  order by calls.id for update of calls
)
update calls set heartbeat_at = clock_timestamp() from mine where calls.id = mine.id returning calls.id, calls.status
"""


async def connect(
    session: AsyncSession, *, tenant_id: UUID, call_id: UUID, tried: list[tuple[int, datetime]] | None = None
) -> ConnectedCall:
    """Makes the next connection of a call, which fences the one before.

    ``tried``: kept by the caller over the tries of one connection, so that one whose answer was lost is not made twice.
    Raises NotFound, also for another tenant's call; Forbidden if the first connection comes too late; Conflict if the
    call has ended.
    """
    tried = [] if tried is None else tried
    session_id = await session.scalar(select(Call.session_id).where(Call.id == call_id, Call.tenant_id == tenant_id))
    if session_id is None:
        raise NotFound("No such call.")
    owner = (await session.execute(select(Session).where(Session.id == session_id).with_for_update())).scalar_one()
    call = await lock_call(session, call_id)
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    if call.status is LiveCallStatus.ENDED:
        raise Conflict("The call has ended.")
    if call.status is LiveCallStatus.OPENED and now > call.opened_at + timedelta(seconds=CONNECT_SECONDS):
        raise Forbidden("The call was not connected in time: open another one.")
    # Its heartbeat tells whose connection it is: no process has written one since.
    made = call.status is LiveCallStatus.CONNECTED and (call.connection, call.heartbeat_at) in tried
    if not made:
        await _connect_next(session, call, now)
        tried.append((call.connection, now))
    newest = select(CallSound).where(CallSound.call_id == call_id).order_by(CallSound.seq.desc()).limit(_MAX_SEGMENTS)
    sounds = (await session.scalars(newest)).all()[::-1]
    turns = (await session.execute(select(func.count()).select_from(Turn).where(Turn.call_id == call_id))).scalar_one()
    ended_at = sounds[-1].at_ms + len(sounds[-1].data) // _BYTES_PER_MS if sounds else 0
    return ConnectedCall(
        lease=Lease(tenant_id, session_id, call_id, call.connection),
        language=call.language,
        persona=owner.persona,
        turn_taking=parse_turn_taking(call.turn_taking),
        record=call.record,
        recorded_ms=await _recorded_ms(session, call_id) if call.record else 0,
        turns=turns,
        elapsed_ms=max(call.elapsed_ms, ended_at),
        heard=b"".join(each.data for each in sounds),
        sounds=sounds[-1].seq if sounds else 0,
        now=now,
    )


async def _connect_next(session: AsyncSession, call: Call, now: datetime) -> None:
    first = call.connected_at is None
    call.status, call.connection, call.step = LiveCallStatus.CONNECTED, call.connection + 1, 0
    call.connected_at, call.heartbeat_at, call.dropped_at = call.connected_at or now, now, None
    await session.flush()
    kind = EventType.CALL_STARTED if first else EventType.CALL_RESUMED
    await append(session, call.session_id, [NewEvent(kind, data={"call_id": str(call.id)})])
    if not first:
        await signal_call(session, call, CONNECTED)


async def _recorded_ms(session: AsyncSession, call_id: UUID) -> int:
    """The end of the last segment of the call's recording."""
    end = func.max(CallRecordingSegment.at_ms + CallRecordingSegment.duration_ms)
    return await session.scalar(select(end).where(CallRecordingSegment.call_id == call_id)) or 0


async def drop(session: AsyncSession, lease: Lease, step: int) -> None:
    """The connection is lost. Raises CallFenced."""
    if await hold(session, lease, step):
        await drop_call(session, await lock_call(session, lease.call_id))


async def end(session: AsyncSession, lease: Lease, step: int, reason: CallEndReason) -> None:
    """Ends the call. Raises CallFenced."""
    if await hold(session, lease, step):
        await end_call(session, await lock_call(session, lease.call_id), reason)


async def drop_call(session: AsyncSession, call: Call) -> None:
    """Marks a connected call as dropped, with its event. The caller locks the session's row."""
    if call.status is not LiveCallStatus.CONNECTED:
        return
    call.dropped_at = await session.scalar(select(func.clock_timestamp()))
    call.status, call.drops = LiveCallStatus.DROPPED, call.drops + 1
    await session.flush()
    await append(session, call.session_id, [NewEvent(EventType.CALL_DROPPED, data={"call_id": str(call.id)})])


async def lock_call(session: AsyncSession, call_id: UUID) -> Call:
    """The call, locked. The caller locks the session's row first."""
    return (
        await session.execute(
            select(Call).where(Call.id == call_id).with_for_update().execution_options(populate_existing=True)
        )
    ).scalar_one()


async def has_ended(database: Database, lease: Lease) -> bool:
    """Whether the call has ended, and this was its last connection."""
    return await database.writer.row(_ENDED, [lease.call_id, lease.connection]) is not None


async def beat(database: Database, leases: Sequence[Lease]) -> dict[UUID, LiveCallStatus]:
    """Writes the heartbeat of the calls that a process holds; returns those that it still holds."""
    rows = await database.writer.rows(_BEAT, [[each.call_id for each in leases], [each.connection for each in leases]])
    return {row[0]: LiveCallStatus(row[1]) for row in rows}


async def resume(session: AsyncSession, lease: Lease) -> None:
    """Marks a call as connected that was taken for dropped while its process did not send heartbeats."""
    await session.execute(select(Session.id).where(Session.id == lease.session_id).with_for_update())
    call = await lock_call(session, lease.call_id)
    if call.connection == lease.connection and call.status is LiveCallStatus.DROPPED:
        call.status, call.dropped_at = LiveCallStatus.CONNECTED, None
        await session.flush()
        await append(session, call.session_id, [NewEvent(EventType.CALL_RESUMED, data={"call_id": str(call.id)})])
