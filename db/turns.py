"""How a turn goes on: started, checkpointed stage by stage, ended. Each function works in the caller's transaction.

Every write is fenced: it names the attempt it belongs to, and a worker whose turn was taken over by a later attempt
gets ``Fenced`` and writes nothing. ``hold`` takes the session's row first and the turn's second, as all writers do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.audio_store import AudioStore
from db.clean import storable, storable_text
from db.commands import announce_end
from db.events import NewEvent, append, mark_changed
from db.ids import new_id
from db.models.conversation import Message, Session, Turn
from db.models.work import ModelCall
from db.outcome import EncodedAudio, Failure, FinishedCall
from db.sounds import keep_sound
from db.tool_calls import end_pending_of
from db.words import AudioKind, EventType, MessageType, Role, TurnStatus


class Fenced(Exception):
    """This attempt no longer owns the turn: another one does, or the turn has ended."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one attempt to write a turn. ``started_at`` is the database's time when the attempt began."""

    tenant_id: UUID
    session_id: UUID
    turn_id: UUID
    attempt: int
    queued_at: datetime
    started_at: datetime


async def start(session: AsyncSession, turn_id: UUID) -> Claim | None:
    """Begins the next attempt at a turn; null if the turn has ended already (a job that was delivered twice)."""
    owner = await session.scalar(
        select(Session).join(Turn, Turn.session_id == Session.id).where(Turn.id == turn_id).with_for_update(of=Session)
    )
    turn = await session.scalar(select(Turn).where(Turn.id == turn_id).with_for_update())
    if owner is None or turn is None or turn.status.ended:
        return None
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    turn.status = TurnStatus.RUNNING
    turn.attempt += 1
    turn.step = 0
    turn.started_at = turn.started_at or now
    await session.flush()
    await append(session, turn.session_id, [NewEvent(EventType.TURN_STARTED, turn.id, {"attempt": turn.attempt})])
    return Claim(owner.tenant_id, turn.session_id, turn.id, turn.attempt, turn.queued_at, now)


async def hold(session: AsyncSession, claim: Claim, step: int) -> Turn | None:
    """Locks the session and the turn for commit number ``step`` of the attempt, counted from 0, and counts it.

    Null if that very commit was made before: its answer was lost with the connection. Raises Fenced if the attempt is
    no longer the turn's.
    """
    # One statement, as every commit of every turn begins with it. The subquery runs first: the session's lock is taken
    # before the turn's, as everywhere.
    owner = select(Session.id).where(Session.id == claim.session_id).with_for_update().scalar_subquery()
    held = await session.scalar(
        update(Turn)
        .where(
            Turn.session_id == owner,
            Turn.id == claim.turn_id,
            Turn.attempt == claim.attempt,
            Turn.status == TurnStatus.RUNNING,
            Turn.step == step,
        )
        .values(step=step + 1)
        .returning(Turn)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if held is not None:
        return held
    made = await session.scalar(
        select(Turn.step == step + 1).where(Turn.id == claim.turn_id, Turn.attempt == claim.attempt)
    )
    if made:
        return None
    raise Fenced(str(claim.turn_id))


async def add_call(session: AsyncSession, claim: Claim, call: FinishedCall) -> UUID:
    """Writes a model call's row and returns its id."""
    row = ModelCall(
        id=new_id(),
        session_id=claim.session_id,
        turn_id=claim.turn_id,
        attempt=claim.attempt,
        stage=call.stage,
        engine=call.engine,
        model=call.model,
        status=call.status,
        started_at=call.started_at,
        wait_ms=call.wait_ms,
        duration_ms=call.duration_ms,
        first_output_ms=call.first_output_ms,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        input_audio_ms=call.input_audio_ms,
        output_audio_ms=call.output_audio_ms,
        error=None if call.error is None else storable_text(call.error),
        details=storable(call.details) or None,
    )
    session.add(row)
    await session.flush()
    return row.id


async def add_cancelled_calls(session: AsyncSession, claim: Claim, calls: Sequence[FinishedCall]) -> None:
    """Writes the model calls that were cut short because this attempt's turn was cancelled, and only then."""
    cancelled = await session.scalar(
        select(Turn.id).where(
            Turn.id == claim.turn_id, Turn.attempt == claim.attempt, Turn.status == TurnStatus.CANCELLED
        )
    )
    if cancelled is not None:
        await mark_changed(session, claim.session_id)
        for call in calls:
            await add_call(session, claim, call)


async def ended_among(session: AsyncSession, turn_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the turns that are no longer running."""
    found = await session.scalars(select(Turn.id).where(Turn.id.in_(turn_ids), Turn.status != TurnStatus.RUNNING))
    return set(found)


async def set_transcript(session: AsyncSession, claim: Claim, text: str, language: str | None) -> UUID:
    """The words of the user's recording; returns the message's id."""
    message: UUID = (
        await session.execute(
            update(Message)
            .where(Message.turn_id == claim.turn_id, Message.role == Role.USER)
            .values(text=storable_text(text), language=language)
            .returning(Message.id)
        )
    ).scalar_one()
    return message


async def set_reply(session: AsyncSession, claim: Claim, text: str, language: str) -> UUID:
    """The reply's text; returns the message's id."""
    message = Message(
        id=new_id(),
        session_id=claim.session_id,
        turn_id=claim.turn_id,
        role=Role.ASSISTANT,
        type=MessageType.TEXT,
        text=storable_text(text),
        language=language,
    )
    session.add(message)
    await session.flush()
    return message.id


async def add_audio(
    session: AsyncSession, claim: Claim, store: AudioStore, kind: AudioKind, audio: EncodedAudio
) -> UUID:
    """Stores a sound of this turn; returns its id."""
    return await keep_sound(session, store, kind, audio, session_id=claim.session_id, turn_id=claim.turn_id)


async def attach_reply_audio(session: AsyncSession, claim: Claim, audio_id: UUID) -> UUID:
    """Makes the reply a spoken one; returns the message's id."""
    message: UUID = (
        await session.execute(
            update(Message)
            .where(Message.turn_id == claim.turn_id, Message.role == Role.ASSISTANT)
            .values(type=MessageType.AUDIO, audio_id=audio_id)
            .returning(Message.id)
        )
    ).scalar_one()
    return message


async def finish(
    session: AsyncSession, claim: Claim, turn: Turn, *, timing: Mapping[str, Any], failure: Failure | None = None
) -> None:
    """Ends the turn, which is held: COMPLETED, or FAILED when there is a failure. Ends a session that waited for it."""
    if failure is not None:  # one that is completed has waited for its tools
        await end_pending_of(session, turn.id, "The turn failed before the tool answered.")
    turn.finished_at = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    turn.timing = storable(timing)
    turn.status = TurnStatus.COMPLETED if failure is None else TurnStatus.FAILED
    if failure is not None:
        turn.error_code, turn.error_stage = failure.code, failure.stage
        turn.error_message = storable_text(failure.message)
    await session.flush()
    kind = EventType.TURN_COMPLETED if failure is None else EventType.TURN_FAILED
    await append(session, claim.session_id, [NewEvent(kind, claim.turn_id)])
    await announce_end(session, claim.session_id)
