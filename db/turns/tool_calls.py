"""Tool calls: written before the tool runs (write-ahead), ended once, in the commit of the tool's own writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import extract, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import EventType, SessionStatus, ToolCallStatus
from db.errors import IdempotencyConflict, NotFound, OutcomeUnknown, SessionEnded
from db.feed.events import NewEvent, append, touch_session
from db.ids import new_id
from db.models.conversation import Session
from db.models.events import Event
from db.models.work import ToolCall
from db.turns.values import error_result, error_text
from db.validation import same_json, sanitize_json, sanitize_text, validate_text


@dataclass(frozen=True, slots=True)
class NewToolCall:
    """A tool call about to be made. ``turn_id`` is None for a manual call, which expires after ``seconds``."""

    session_id: UUID
    turn_id: UUID | None
    attempt: int
    name: str
    server: str
    arguments: Mapping[str, object]
    idempotency_key: str
    seconds: float | None = None
    id: UUID = field(default_factory=new_id)

    def row(self) -> dict[str, object]:
        """The columns of the PENDING call, without its deadline."""
        return {
            "id": self.id,
            "session_id": self.session_id,
            "turn_id": self.turn_id,
            "attempt": self.attempt,
            "name": self.name,
            "server": self.server,
            "arguments": sanitize_json(self.arguments),
            "status": ToolCallStatus.PENDING,
            "idempotency_key": self.idempotency_key,
        }


async def begin(session: AsyncSession, call: NewToolCall) -> ToolCall:
    """Writes the call as PENDING, or returns the call with the same idempotency key. Locks the session's row."""
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
    """The id of the call with this key; None if there is none."""
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
    session: AsyncSession,
    call: ToolCall,
    *,
    result: Mapping[str, object] | None,
    error: str | None = None,
    events: Sequence[NewEvent] = (),
) -> None:
    """Ends a PENDING call: FAILED if there is an error, else ACCEPTED. A call that has ended is not changed.

    ``events``: of what the tool did, appended before the call's own.
    """
    if call.status is not ToolCallStatus.PENDING:
        return
    call.status = ToolCallStatus.ACCEPTED if error is None else ToolCallStatus.FAILED
    call.result = sanitize_json(result)
    call.error = None if error is None else sanitize_text(error)
    now = func.clock_timestamp()
    ended = (await session.execute(select(now, extract("epoch", now - call.created_at) * 1000))).one()
    call.finished_at, call.duration_ms = ended[0], max(0.0, float(ended[1]))
    await session.flush()
    if call.deadline_at is not None and await _session_ended(session, call.session_id):
        await touch_session(session, call.session_id)
        return  # a manual call whose session has ended meanwhile: SessionEnded stays the last event
    await append(
        session,
        call.session_id,
        [*events, NewEvent(EventType.TOOL_CALL_FINISHED, call.turn_id, {"tool_call_id": str(call.id)})],
    )


async def fail_unknown(session: AsyncSession, call: ToolCall, message: str) -> None:
    """Ends a PENDING call whose outcome cannot be known: FAILED, with OUTCOME_UNKNOWN and ``message``."""
    error = OutcomeUnknown(message)
    await end(session, call, result=error_result(error), error=error_text(error))


async def extend_deadline(session: AsyncSession, call: ToolCall, seconds: float) -> None:
    """Sets the deadline of a PENDING call that is run again, in ``seconds`` from now. The caller locks the session."""
    call.deadline_at = await session.scalar(select(func.clock_timestamp() + timedelta(seconds=seconds)))
    await session.flush()


async def fail_pending_calls(session: AsyncSession, turn_id: UUID, message: str) -> None:
    """Fails the PENDING calls of a turn that ends, as of unknown outcome. The caller locks the session's row."""
    pending = await session.scalars(
        select(ToolCall)
        .where(ToolCall.turn_id == turn_id, ToolCall.status == ToolCallStatus.PENDING)
        .order_by(ToolCall.id)
        .with_for_update()
    )
    for call in pending.all():
        await fail_unknown(session, call, message)


async def reopen_unknown_call(session: AsyncSession, turn_id: UUID) -> None:
    """For a turn that is retried: makes its last call PENDING again if the outcome is unknown.

    The next attempt repeats the call with the same key if its tool is idempotent, and fails it otherwise. Earlier
    calls, whose outcome the model has seen, are not changed. The caller locks the session's row.
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


async def find_expired(session: AsyncSession, limit: int) -> Sequence[tuple[UUID, UUID, UUID]]:
    """PENDING calls past their deadline, oldest first: ids of tenant, session and call, the arguments of ``lock``."""
    rows = await session.execute(
        select(Session.tenant_id, ToolCall.session_id, ToolCall.id)
        .join(Session, Session.id == ToolCall.session_id)
        .where(ToolCall.status == ToolCallStatus.PENDING, ToolCall.deadline_at < func.now())
        .order_by(ToolCall.deadline_at)
        .limit(limit)
    )
    return [(tenant_id, session_id, call_id) for tenant_id, session_id, call_id in rows]


async def _session_ended(session: AsyncSession, session_id: UUID) -> bool:
    """Whether SessionEnded is written."""
    newest = select(Event.type).join(Session, (Session.id == Event.session_id) & (Session.last_seq == Event.seq))
    return await session.scalar(newest.where(Session.id == session_id)) is EventType.SESSION_ENDED


async def begin_manual(
    session: AsyncSession,
    session_id: UUID,
    *,
    name: str,
    server: str,
    arguments: Mapping[str, object],
    idempotency_key: str,
    seconds: float = 60,
    call_id: UUID | None = None,
) -> ToolCall:
    """Begins a call outside a turn (callTool), in a session whose row the caller has locked.

    The caller must end it within ``seconds``. ``call_id``: id of a new call, by which the caller recognizes it. A
    repeated ``idempotency_key`` returns the first call, even if the session has ended since; its prefix keeps it apart
    from the keys of turns. Raises IdempotencyConflict for another tool or other arguments, SessionEnded, BadUserInput.
    """
    validate_text(idempotency_key, "idempotencyKey", max_length=150)
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
