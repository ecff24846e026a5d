"""Ends live calls: by a command, with their session, by their process, or because their connection did not come back.

The caller of each function locks the session's row.
"""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import CallEndReason, EventType, LiveCallStatus
from db.feed.events import NewEvent, append
from db.models.calls import Call, CallSound

#: NOTIFY channel of the processes that hold connections; the payload is JSON: ``call`` (its id), ``signal``, and
#: ``connection``, its number.
CALLS_CHANNEL = "voxloom_calls"

#: Signals: the call has ended, its reply shall stop, another connection has it now.
ENDED, INTERRUPT, CONNECTED = "ended", "interrupt", "connected"

_NOTIFY = text("select pg_notify(:channel, :payload)")


async def signal_call(session: AsyncSession, call: Call, signal: str) -> None:
    """Notifies the process that holds the call, with this transaction's commit."""
    payload = json.dumps({"call": str(call.id), "signal": signal, "connection": call.connection})
    await session.execute(_NOTIFY, {"channel": CALLS_CHANNEL, "payload": payload})


async def end_call(session: AsyncSession, call: Call, reason: CallEndReason) -> None:
    """Ends the call, with its event, and drops the audio of the turn that has not ended. An ended call is unchanged."""
    if call.status is LiveCallStatus.ENDED:
        return
    call.ended_at = await session.scalar(select(func.clock_timestamp()))
    call.status, call.end_reason = LiveCallStatus.ENDED, reason
    await session.flush()
    await session.execute(delete(CallSound).where(CallSound.call_id == call.id))
    data = {"call_id": str(call.id), "reason": reason.value}
    await append(session, call.session_id, [NewEvent(EventType.CALL_ENDED, data=data)])
    if call.connection:  # a process may hold it, also while it is dropped
        await signal_call(session, call, ENDED)


async def end_calls_of(session: AsyncSession, session_id: UUID, reason: CallEndReason) -> None:
    """Ends the session's open call, if it has one."""
    call = await find_open(session, session_id)
    if call is not None:
        await end_call(session, call, reason)


async def find_open(session: AsyncSession, session_id: UUID) -> Call | None:
    """The session's call that has not ended, locked."""
    return await session.scalar(
        select(Call)
        .where(Call.session_id == session_id, Call.status != LiveCallStatus.ENDED)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
