"""Commands on turns: cancel and retry. Both are idempotent; the caller commits."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from db.commands.sessions import lock_session
from db.enums import EventType, MessageType, Role, SessionStatus, Stage, TurnStatus
from db.errors import NotFound, SessionEnded
from db.feed.events import NewEvent, append
from db.ids import new_id
from db.models.conversation import Message, Session, Turn
from db.models.events import Event
from db.queue.jobs import defer_turn
from db.queue.limits import QueueLimits
from db.queue.quotas import check_quota
from db.turns.session_end import append_session_ended
from db.turns.tool_calls import fail_pending_calls, reopen_unknown_call
from db.turns.values import CANCELLED_CHANNEL
from db.viewer import Viewer

#: Sent within the transaction, unlike events: cancellations are rare, and a notified worker finds the turn CANCELLED.
_NOTIFY = sql("select pg_notify(:channel, :turn_id)")


async def cancel_turn(session: AsyncSession, viewer: Viewer, *, turn_id: UUID) -> Turn:
    """Cancels a turn. Its worker is notified and fenced off from further writes.

    The partial reply is kept as a message that is not ``complete``. A turn that has ended is not changed. Raises
    NotFound.
    """
    owner, turn = await _lock(session, viewer, turn_id)
    if turn.status.ended:
        return turn
    if turn.status is TurnStatus.RUNNING:
        await _keep_partial_reply(session, turn)
        await session.execute(_NOTIFY, {"channel": CANCELLED_CHANNEL, "turn_id": str(turn.id)})
    await fail_pending_calls(session, turn.id, "The turn was cancelled before the tool answered.")
    turn.finished_at = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    turn.status = TurnStatus.CANCELLED
    await session.flush()
    await append(session, owner.id, [NewEvent(EventType.TURN_CANCELLED, turn.id)])
    await append_session_ended(session, owner.id)
    return turn


async def retry_turn(session: AsyncSession, viewer: Viewer, *, turn_id: UUID, limits: QueueLimits) -> Turn:
    """Queues a failed or cancelled turn again; the next attempt resumes at the first unfinished stage.

    A queued, running or completed turn is not changed. Raises NotFound, SessionEnded, Overloaded.
    """
    owner, turn = await _lock(session, viewer, turn_id)
    if turn.status not in (TurnStatus.FAILED, TurnStatus.CANCELLED):
        return turn
    if owner.status is SessionStatus.ENDED:
        raise SessionEnded("The session has ended.")
    await check_quota(session, owner, limits)
    await session.execute(delete(Message).where(Message.turn_id == turn.id, Message.complete.is_(False)))
    replied = select(Message.id).where(Message.turn_id == turn.id, Message.role == Role.ASSISTANT)
    if await session.scalar(replied) is None:  # a reply has used the call's outcome already
        await reopen_unknown_call(session, turn.id)
    turn.queued_at = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    turn.status = TurnStatus.QUEUED
    turn.started_at = turn.finished_at = turn.timing = None
    turn.error_code = turn.error_message = turn.error_stage = None
    await session.flush()
    await append(session, owner.id, [NewEvent(EventType.TURN_QUEUED, turn.id)])
    await defer_turn(session, owner.id, turn.id)
    return turn


async def _lock(session: AsyncSession, viewer: Viewer, turn_id: UUID) -> tuple[Session, Turn]:
    session_id = await session.scalar(
        select(Turn.session_id)
        .join(Session, Session.id == Turn.session_id)
        .where(Turn.id == turn_id, Session.tenant_id == viewer.tenant_id)
    )
    if session_id is None:
        raise NotFound("No such turn.")
    owner = await lock_session(session, viewer, session_id)
    turn = (await session.execute(select(Turn).where(Turn.id == turn_id).with_for_update())).scalar_one()
    return owner, turn


async def _keep_partial_reply(session: AsyncSession, turn: Turn) -> None:
    """Stores the reply's text so far, from its ReplyDelta events, as a message, unless the reply is stored already."""
    known = await session.scalar(select(Message.id).where(Message.turn_id == turn.id, Message.role == Role.ASSISTANT))
    if known is not None:
        return
    events = await session.execute(
        select(Event.type, Event.data)
        .where(Event.turn_id == turn.id, Event.type.in_([EventType.STAGE_STARTED, EventType.REPLY_DELTA]))
        .order_by(Event.seq)
    )
    text = ""
    for kind, data in events:
        if kind is EventType.REPLY_DELTA:
            text += data["text"]
        elif data["stage"] == Stage.LLM:
            text = ""  # the reply was restarted
    if text.strip():
        session.add(
            Message(
                id=new_id(),
                session_id=turn.session_id,
                turn_id=turn.id,
                role=Role.ASSISTANT,
                type=MessageType.TEXT,
                text=text.strip(),
                complete=False,
            )
        )
        await session.flush()
