"""Ends live calls that nobody holds: never connected, dropped and not resumed, or of a process that died."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Interval, and_, cast, func, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from db.calls.connections import drop_call, lock_call
from db.calls.ending import end_call
from db.calls.lifetimes import CONNECT_SECONDS, GRACE_SECONDS, RESUME_SECONDS
from db.enums import CallEndReason, LiveCallStatus
from db.models.calls import Call
from db.models.conversation import Session

#: A literal, so that also a generic plan uses the partial index of open calls.
_OPEN = text("calls.status <> 'ENDED'")


def _before(seconds: float) -> ColumnElement[object]:
    return func.clock_timestamp() - cast(literal(timedelta(seconds=seconds)), Interval)


def _silent(lost_seconds: float) -> ColumnElement[bool]:
    """Connected, without a heartbeat of its process."""
    return and_(Call.status == LiveCallStatus.CONNECTED, Call.heartbeat_at < _before(lost_seconds))


def _expired(lost_seconds: float) -> ColumnElement[bool]:
    """Never connected, or dropped and not resumed, and no process holds it."""
    never = and_(Call.status == LiveCallStatus.OPENED, Call.opened_at < _before(CONNECT_SECONDS + GRACE_SECONDS))
    gone = and_(
        Call.status == LiveCallStatus.DROPPED,
        Call.dropped_at < _before(RESUME_SECONDS + GRACE_SECONDS),
        Call.heartbeat_at < _before(lost_seconds),
    )
    return or_(never, gone)


async def find_stale(session: AsyncSession, *, lost_seconds: float, limit: int) -> Sequence[tuple[UUID, UUID]]:
    """Ids of session and call of the calls that ``sweep`` would change."""
    rows = await session.execute(
        select(Call.session_id, Call.id).where(_OPEN, or_(_silent(lost_seconds), _expired(lost_seconds))).limit(limit)
    )
    return [(session_id, call_id) for session_id, call_id in rows]


async def sweep(session: AsyncSession, session_id: UUID, call_id: UUID, *, lost_seconds: float) -> None:
    """Drops a call whose process died, ends one that was not resumed; a call that is held is unchanged."""
    await session.execute(select(Session.id).where(Session.id == session_id).with_for_update())
    call = await lock_call(session, call_id)
    silent, expired = (
        await session.execute(select(_silent(lost_seconds), _expired(lost_seconds)).where(Call.id == call_id))
    ).one()
    if silent:
        await drop_call(session, call)
    elif expired:
        await end_call(session, call, CallEndReason.DROPPED)
