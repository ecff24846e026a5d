"""Tool calls: written before the tool runs, ended once, in the same commit as what the tool wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import extract, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import EventType, SessionStatus, ToolCallStatus
from db.errors import IdempotencyConflict, NotFound, OutcomeUnknown, SessionEnded
from db.feed.events import NewEvent, append, mark_changed
from db.ids import new_id
from db.models.conversation import Session
from db.models.events import Event
from db.models.work import ToolCall
from db.turns.values import error_result, error_text
from db.validation import clean_text, same_json, storable, storable_text


@dataclass(frozen=True, slots=True)
class NewToolCall:
    """A tool call about to be made. ``turn_id`` is None for one made by hand, which is given up after ``seconds``."""

    session_id: UUID
    turn_id: UUID | None
    attempt: int
    name: str
    server: str
    arguments: Mapping[str, Any]
    idempotency_key: str
    seconds: float | None = None
    id: UUID = field(default_factory=new_id)

    def row(self) -> dict[str, Any]:
        """The columns of the call, which is PENDING, but for its deadline."""
        return {
            "id": self.id,
            "session_id": self.session_id,
            "turn_id": self.turn_id,
            "attempt": self.attempt,
            "name": self.name,
            "server": self.server,
            "arguments": storable(self.arguments),
            "status": ToolCallStatus.PENDING,
            "idempotency_key": self.idempotency_key,
        }


async def begin(session: AsyncSession, call: NewToolCall) -> ToolCall:
    """Writes the call as PENDING, or finds the one that has its idempotency key already. Locks the session's row."""
    await session.execute(select(Session.id).where(Session.id == call.session_id).with_for_update())
    await session.execute(
        insert(ToolCall)
        .values(
            **call.row(),
            deadline_at=None if call.seconds is None else func.clock_timestamp() + timedelta(seconds=call.seconds),
        )
        .on_conflict_do_nothing(index_elements=["session_id", "idempotency_key"])
    )
    return (
        await session.execute(
            select(ToolCall).where(
                ToolCall.session_id == call.session_id, ToolCall.idempotency_key == call.idempotency_key
            )
        )
    ).scalar_one()


async def find_id(session: AsyncSession, session_id: UUID, idempotency_key: str) -> UUID | None:
    """The id of the call that has this key; None if there is none."""
    found = select(ToolCall.id).where(ToolCall.session_id == session_id, ToolCall.idempotency_key == idempotency_key)
    return await session.scalar(found)


async def lock(session: AsyncSession, tenant_id: UUID, session_id: UUID, tool_call_id: UUID) -> ToolCall:
    """The tenant's tool call, its session's row and its own locked. Raises NotFound."""
    owner = await session.scalar(
        select(Session.id).where(Session.id == session_id, Session.tenant_id == tenant_id).with_for_update()
    )
    call = await session.scalar(
        select(ToolCall).where(ToolCall.id == tool_call_id, ToolCall.session_id == owner).with_for_update()
    )
    if call is None:
        raise NotFound("No such tool call.")
    return call


async def end(
    session: AsyncSession, call: ToolCall, *, result: Mapping[str, Any] | None, error: str | None = None
) -> None:
    """Ends a PENDING call: FAILED when there is an error, else ACCEPTED. One that has ended stays as it is."""
    if call.status is not ToolCallStatus.PENDING:
        return
    call.status = ToolCallStatus.ACCEPTED if error is None else ToolCallStatus.FAILED
    call.result = storable(result)
    call.error = None if error is None else storable_text(error)
    now = func.clock_timestamp()
    ended = (await session.execute(select(now, extract("epoch", now - call.created_at) * 1000))).one()
    call.finished_at, call.duration_ms = ended[0], max(0.0, float(ended[1]))
    await session.flush()
    if call.deadline_at is not None and await _is_over(session, call.session_id):
        await mark_changed(session, call.session_id)
        return  # not a running turn's, and the session ended meanwhile: nothing follows SessionEnded
    await append(
        session,
        call.session_id,
        [NewEvent(EventType.TOOL_CALL_FINISHED, call.turn_id, {"tool_call_id": str(call.id)})],
    )


async def end_unknown(session: AsyncSession, call: ToolCall, message: str) -> None:
    """Ends a PENDING call of which nobody will tell how it went: FAILED, with OUTCOME_UNKNOWN and ``message``."""
    error = OutcomeUnknown(message)
    await end(session, call, result=error_result(error), error=error_text(error))


async def postpone(session: AsyncSession, call: ToolCall, seconds: float) -> None:
    """Gives a PENDING call, which is run again, so many seconds from now. The caller holds the session's row."""
    call.deadline_at = await session.scalar(select(func.clock_timestamp() + timedelta(seconds=seconds)))
    await session.flush()


async def end_pending_of(session: AsyncSession, turn_id: UUID, message: str) -> None:
    """Ends what a turn leaves behind when it ends before its tool has answered. The caller holds the session's row."""
    pending = await session.scalars(
        select(ToolCall)
        .where(ToolCall.turn_id == turn_id, ToolCall.status == ToolCallStatus.PENDING)
        .order_by(ToolCall.id)
        .with_for_update()
    )
    for call in pending.all():
        await end_unknown(session, call, message)


async def reopen_unanswered(session: AsyncSession, turn_id: UUID) -> None:
    """Makes a turn's last call PENDING again if its outcome is unknown: the turn is run again, and with it the call.

    The next attempt calls a repeatable tool again, with the same key, and ends any other call as unknown. A call whose
    outcome the model has gone on from stays as it is. The caller holds the session's row.
    """
    newest = (
        select(ToolCall.id)
        .where(ToolCall.turn_id == turn_id)
        .order_by(ToolCall.created_at.desc(), ToolCall.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    await session.execute(
        update(ToolCall)
        .where(
            ToolCall.id == newest,
            ToolCall.status == ToolCallStatus.FAILED,
            ToolCall.result.op("->>")("outcome") == "unknown",
        )
        .values(status=ToolCallStatus.PENDING, result=None, error=None, finished_at=None, duration_ms=None)
        .execution_options(synchronize_session=False)
    )


async def abandoned(session: AsyncSession, limit: int) -> Sequence[tuple[UUID, UUID, UUID]]:
    """PENDING calls whose deadline is over, the oldest first: tenant, session and call, as ``lock`` takes them."""
    rows = await session.execute(
        select(Session.tenant_id, ToolCall.session_id, ToolCall.id)
        .join(Session, Session.id == ToolCall.session_id)
        .where(ToolCall.status == ToolCallStatus.PENDING, ToolCall.deadline_at < func.now())
        .order_by(ToolCall.deadline_at)
        .limit(limit)
    )
    return [(tenant_id, session_id, call_id) for tenant_id, session_id, call_id in rows]


async def _is_over(session: AsyncSession, session_id: UUID) -> bool:
    newest = select(Event.type).join(Session, (Session.id == Event.session_id) & (Session.last_seq == Event.seq))
    return await session.scalar(newest.where(Session.id == session_id)) is EventType.SESSION_ENDED


async def begin_by_hand(
    session: AsyncSession,
    session_id: UUID,
    *,
    name: str,
    server: str,
    arguments: Mapping[str, Any],
    idempotency_key: str,
    seconds: float = 60,
    call_id: UUID | None = None,
) -> ToolCall:
    """Begins a call that belongs to no turn, in a session whose row the caller has locked.

    Whoever begins it must end it within ``seconds``. ``call_id`` is the id that a new call gets: one that is known has
    another.
    The same key again is the same call, whatever became of the session since; keys of turns cannot be guessed. Raises
    IdempotencyConflict if the key came with another tool or other arguments, SessionEnded, BadUserInput.
    """
    clean_text(idempotency_key, "idempotencyKey", max_length=150)
    key = f"by-hand:{idempotency_key}"
    new = NewToolCall(session_id, None, 0, name, server, arguments, key, seconds, call_id or new_id())
    known = await session.scalar(
        select(ToolCall).where(ToolCall.session_id == session_id, ToolCall.idempotency_key == new.idempotency_key)
    )
    if known is not None:
        if known.name != name or not same_json(dict(known.arguments), dict(arguments)):
            raise IdempotencyConflict("This idempotencyKey was used in this session for another tool call.")
        return known
    if (await session.get_one(Session, session_id)).status is SessionStatus.ENDED:
        raise SessionEnded("The session has ended.")
    call = await begin(session, new)
    await append(session, session_id, [NewEvent(EventType.TOOL_CALL_STARTED, None, {"tool_call_id": str(call.id)})])
    return call
