"""The interrupted reply of a live turn: ends the turn if it runs, and records what the caller heard."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.calls.fence import hold
from db.calls.values import Lease, PlaybackReport
from db.enums import EventType, MessageType, Role, TurnStatus
from db.feed.events import NewEvent, append
from db.ids import new_id
from db.models.conversation import Message, Turn
from db.turns.tool_calls import fail_pending_calls
from db.turns.values import CANCELLED_CHANNEL

_NOTIFY = text("select pg_notify(:channel, :turn_id)")


async def interrupt(session: AsyncSession, lease: Lease, step: int, report: PlaybackReport) -> None:
    """Makes commit number ``step`` of the connection. A RUNNING turn becomes CANCELLED, its reply what was heard of it.

    The reply of a turn that has ended stays whole, with its playback. Idempotent. Raises CallFenced.
    """
    if not await hold(session, lease, step):
        return
    turn = await session.scalar(
        select(Turn)
        .where(Turn.id == report.turn_id, Turn.session_id == lease.session_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if turn is None:
        return
    events = [NewEvent(EventType.REPLY_INTERRUPTED, turn.id, {"heard_ms": report.playback.heard_ms})]
    turn.live = asdict(report.live)
    if turn.status is TurnStatus.RUNNING:
        await fail_pending_calls(session, turn.id, "The reply was interrupted before the tool answered.")
        turn.finished_at = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        turn.status = TurnStatus.CANCELLED
        events.append(NewEvent(EventType.TURN_CANCELLED, turn.id))
        await session.execute(_NOTIFY, {"channel": CANCELLED_CHANNEL, "turn_id": str(turn.id)})
        await _keep_heard(session, turn, report)
    else:
        reply = await _reply(session, turn)
        if reply is not None:
            reply.playback = asdict(report.playback)
    await session.flush()
    await append(session, lease.session_id, events)


async def _reply(session: AsyncSession, turn: Turn) -> Message | None:
    return await session.scalar(select(Message).where(Message.turn_id == turn.id, Message.role == Role.ASSISTANT))


async def _keep_heard(session: AsyncSession, turn: Turn, report: PlaybackReport) -> None:
    """Makes what was heard the turn's reply, not ``complete``; without a word heard there is none."""
    reply = await _reply(session, turn)
    heard = report.playback.heard_text.strip()
    if not heard:
        if reply is not None:
            await session.execute(delete(Message).where(Message.id == reply.id))
        return
    if reply is None:
        reply = Message(id=new_id(), session_id=turn.session_id, turn_id=turn.id, role=Role.ASSISTANT)
        session.add(reply)
    reply.type, reply.text, reply.audio_id, reply.complete = MessageType.TEXT, heard, None, False
    reply.playback = asdict(report.playback)
