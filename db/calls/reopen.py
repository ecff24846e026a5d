"""Reopens a live turn: the caller went on speaking, so the same turn gets the longer text and another attempt."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.audio.persist import add_audio
from db.calls.fence import CallFenced, hold
from db.calls.turn_rows import rows_of, turn_events
from db.calls.values import Lease, SpokenTurn
from db.enums import EventType, MessageType, Role, SessionStatus, TurnStatus
from db.feed.events import NewEvent, append
from db.models.audio import Audio, AudioBlob
from db.models.calls import CallSound
from db.models.conversation import Message, Session, Turn
from db.models.work import ModelCall
from db.queue.jobs import own_running_job
from db.turns.values import Claim


@dataclass(frozen=True, slots=True)
class ReopenedTurn:
    """A turn that got its next attempt. ``owned``: the attempt's claim and job; None if another process has it now."""

    owned: tuple[Claim, int] | None


async def reopen(session: AsyncSession, lease: Lease, step: int, claim: Claim, turn: SpokenTurn) -> ReopenedTurn | None:
    """Makes commit number ``step`` of the connection: the turn's next attempt.

    The turn may be COMPLETED: a short reply is often ready before the caller goes on. The reply so far is removed; its
    chunks of audio and all model calls stay, as those of any earlier attempt. Tool calls stay as they are: finished
    ones count for the next attempt, and what began is handled as after a lost worker.

    None if the turn failed or was cancelled, belongs to another attempt, or is not the session's last: then nothing is
    written. Idempotent. Raises CallFenced only if this was not made and never will be by this connection.
    """
    try:
        due = await hold(session, lease, step)
    except CallFenced:  # after a lost answer the call may have its next connection
        if not await _was_made(session, claim, turn):
            raise
        due = False
    owner = (
        await session.execute(
            select(Session).where(Session.id == lease.session_id).execution_options(populate_existing=True)
        )
    ).scalar_one()
    row = await session.scalar(
        select(Turn)
        .where(Turn.id == claim.turn_id, Turn.session_id == lease.session_id, Turn.call_id == lease.call_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        return None
    if due:
        open_ = owner.status is SessionStatus.OPEN and row.number == owner.turn_count
        if not (open_ and row.attempt == claim.attempt and row.status in (TurnStatus.RUNNING, TurnStatus.COMPLETED)):
            return None
        had_ended = row.status is TurnStatus.COMPLETED
        await _begin_attempt(session, row, turn)
        await _replace_message(session, lease, row, turn)
        events = turn_events(turn, attempt=row.attempt, reopened=True, queued=had_ended)
        await append(
            session,
            lease.session_id,
            [NewEvent(EventType(str(each["type"])), row.id, _object(each["data"])) for each in events],
        )
    elif not await _was_made(session, claim, turn):
        return None
    elif row.attempt != claim.attempt + 1 or row.status is not TurnStatus.RUNNING:
        return ReopenedTurn(None)
    job_id = await own_running_job(session, lease.session_id, row.id, turn.worker_id)
    assert row.started_at is not None
    again = Claim(lease.tenant_id, lease.session_id, row.id, row.attempt, row.queued_at, row.started_at)
    return ReopenedTurn((again, job_id))


async def _was_made(session: AsyncSession, claim: Claim, turn: SpokenTurn) -> bool:
    """Whether the caller's message has the audio of this very commit, which has its id before it is made."""
    if turn.audio is None:
        return False
    mine = (Message.turn_id == claim.turn_id) & (Message.audio_id == turn.audio.id)
    return await session.scalar(select(Message.id).where(mine)) is not None


async def _begin_attempt(session: AsyncSession, row: Turn, turn: SpokenTurn) -> None:
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    row.status, row.attempt, row.step, row.reopened = TurnStatus.RUNNING, row.attempt + 1, 0, row.reopened + 1
    row.queued_at = row.started_at = now
    row.finished_at = row.timing = None
    row.live = asdict(turn.live)
    await session.flush()


async def _replace_message(session: AsyncSession, lease: Lease, row: Turn, turn: SpokenTurn) -> None:
    """Removes the reply; gives the caller's message its longer text and audio."""
    await session.execute(delete(Message).where(Message.turn_id == row.id, Message.role == Role.ASSISTANT))
    asked = (
        await session.execute(select(Message).where(Message.turn_id == row.id, Message.role == Role.USER))
    ).scalar_one()
    before = asked.audio_id
    rows = rows_of(lease, turn, attempt=row.attempt)
    values = {name: rows.messages[0][name] for name in ("text", "language", "digits")}
    if turn.audio is not None:
        await add_audio(session, turn.audio, session_id=lease.session_id, turn_id=row.id)
        values |= {"type": MessageType.AUDIO, "audio_id": turn.audio.id}
    await session.execute(update(Message).where(Message.id == asked.id).values(values))
    if turn.audio is not None and before is not None:
        key = select(Audio.store_key).where(Audio.id == before).scalar_subquery()
        await session.execute(delete(AudioBlob).where(AudioBlob.key == key))
        await session.execute(delete(Audio).where(Audio.id == before))
    if rows.model_calls:
        await session.execute(insert(ModelCall), rows.model_calls)
    await session.execute(delete(CallSound).where(CallSound.call_id == lease.call_id, CallSound.seq <= turn.sounds))


def _object(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
