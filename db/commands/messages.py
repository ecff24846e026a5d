"""What clients may do: one function a command, one transaction each (the caller commits).

Each takes the viewer first and finds only that tenant's rows; another tenant's id answers as an unknown one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.personas import PERSONAS
from db.audio.saving import SavedAudio, add_audio
from db.enums import Channel, EventType, MessageType, Role, SessionStatus, TurnStatus
from db.errors import BadUserInput, IdempotencyConflict, NotFound, SessionEnded
from db.feed.events import NewEvent, append
from db.ids import new_id
from db.languages import LANGUAGES, clean_language
from db.models.conversation import Message, Session, Turn
from db.postgres.database import Database
from db.queue.jobs import defer_turn
from db.queue.quotas import QueueLimits, check_room
from db.validation import clean_json, clean_text
from db.viewer import Viewer

MAX_TEXT = 4_000
MAX_CUSTOMER_ID = 200
_MAX_KEY = 200
_LIMITS = QueueLimits()


@dataclass(frozen=True, slots=True)
class TextContent:
    text: str


async def create_session(
    session: AsyncSession,
    viewer: Viewer,
    *,
    customer_id: str,
    language: str,
    channel: Channel,
    persona: str,
    metadata: dict[str, Any] | None,
    answered: Collection[str] = LANGUAGES,
) -> Session:
    """Opens a conversation in one of the languages ``answered``. Raises BadUserInput for what cannot be."""
    if persona not in PERSONAS:
        raise BadUserInput(f"Unknown persona: use one of {', '.join(sorted(PERSONAS))}.")
    row = Session(
        id=new_id(),
        tenant_id=viewer.tenant_id,
        customer_id=clean_text(customer_id, "customerId", max_length=MAX_CUSTOMER_ID),
        language=clean_language(language, answered),
        channel=channel,
        persona=persona,
        metadata_=None if metadata is None else clean_json(metadata, "metadata"),
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


async def check_accepts(
    database: Database,
    viewer: Viewer,
    *,
    session_id: UUID,
    idempotency_key: str | None = None,
    limits: QueueLimits = _LIMITS,
) -> bool:
    """Whether a recording is to be decoded and uploaded: false for one that was sent before, under the same key.

    Asked before any work is done for it. Raises NotFound, SessionEnded, BadUserInput and Overloaded as ``send_message``
    does, which asks again within its transaction.
    """
    if idempotency_key is not None:
        clean_text(idempotency_key, "idempotencyKey", max_length=_MAX_KEY)
    async with database.reading() as session:
        mine = select(Session).where(Session.id == session_id, Session.tenant_id == viewer.tenant_id)
        owner = await session.scalar(mine)
        if owner is None:
            raise NotFound("No such session.")
        if idempotency_key is not None and await _sent_before(session, session_id, idempotency_key) is not None:
            return False
        if owner.status is SessionStatus.ENDED:
            raise SessionEnded("The session has ended.")
        await check_room(session, owner, limits)
    return True


async def send_message(
    session: AsyncSession,
    viewer: Viewer,
    *,
    session_id: UUID,
    content: TextContent | SavedAudio,
    idempotency_key: str | None = None,
    limits: QueueLimits = _LIMITS,
) -> Turn:
    """Stores the message, its turn, the turn's first event and its job; the commit accepts all of it at once.

    The same ``idempotency_key`` again returns the turn there is, whatever became of the session since. Raises
    IdempotencyConflict if the key came with other content, SessionEnded, NotFound, BadUserInput, and Overloaded
    when too many turns wait.
    """
    request_hash = await asyncio.to_thread(_hash, content)  # of a recording that is long work
    if isinstance(content, TextContent):
        clean_text(content.text, "The text", max_length=MAX_TEXT)
    if idempotency_key is not None:
        clean_text(idempotency_key, "idempotencyKey", max_length=_MAX_KEY)
    owner = await lock_session(session, viewer, session_id)
    if idempotency_key is not None:
        known = await _sent_before(session, session_id, idempotency_key)
        if known is not None:
            if known.request_hash != request_hash:
                raise IdempotencyConflict("This idempotencyKey was used in this session for another message.")
            return known
    if owner.status is SessionStatus.ENDED:
        raise SessionEnded("The session has ended.")
    await check_room(session, owner, limits)
    owner.turn_count += 1
    turn = Turn(
        id=new_id(),
        session_id=session_id,
        number=owner.turn_count,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
    )
    session.add(turn)
    await session.flush()
    await _add_message(session, turn, content)
    await append(session, session_id, [NewEvent(EventType.TURN_QUEUED, turn.id)])
    await defer_turn(session, session_id, turn.id)
    await session.refresh(turn)
    return turn


async def _sent_before(session: AsyncSession, session_id: UUID, idempotency_key: str) -> Turn | None:
    return await session.scalar(
        select(Turn).where(Turn.session_id == session_id, Turn.idempotency_key == idempotency_key)
    )


async def _add_message(session: AsyncSession, turn: Turn, content: TextContent | SavedAudio) -> None:
    message = Message(id=new_id(), session_id=turn.session_id, turn_id=turn.id, role=Role.USER)
    if isinstance(content, TextContent):
        message.type, message.text = MessageType.TEXT, content.text
    else:
        await add_audio(session, content, session_id=turn.session_id, turn_id=turn.id)
        message.type, message.audio_id = MessageType.AUDIO, content.id
    session.add(message)
    await session.flush()


def _hash(content: TextContent | SavedAudio) -> bytes:
    if isinstance(content, TextContent):
        return hashlib.sha256(b"text\0" + content.text.encode(errors="surrogatepass")).digest()
    return hashlib.sha256(b"audio\0" + content.audio.data).digest()


async def end_session(session: AsyncSession, viewer: Viewer, *, session_id: UUID) -> Session:
    """Takes no more messages. The turns it has are finished; SessionEnded follows the last of them.

    Ending it again changes nothing.
    """
    owner = await lock_session(session, viewer, session_id)
    if owner.status is SessionStatus.OPEN:
        owner.ended_at, owner.status = await session.scalar(select(func.clock_timestamp())), SessionStatus.ENDED
        await session.flush()
        await announce_end(session, owner.id)
        await session.refresh(owner)
    return owner


async def announce_end(session: AsyncSession, session_id: UUID) -> None:
    """Writes SessionEnded if the session has ended and no turn is left. The caller holds the session's row."""
    unfinished = (
        select(Turn.id)
        .where(Turn.session_id == session_id, Turn.status.in_([TurnStatus.QUEUED, TurnStatus.RUNNING]))
        .exists()
    )
    over = await session.scalar(
        select(Session.id).where(Session.id == session_id, Session.status == SessionStatus.ENDED, ~unfinished)
    )
    if over is not None:
        await append(session, session_id, [NewEvent(EventType.SESSION_ENDED)])


async def lock_session(session: AsyncSession, viewer: Viewer, session_id: UUID) -> Session:
    """The viewer's session, its row locked until the commit. Raises NotFound."""
    owner = await session.scalar(
        select(Session)
        .where(Session.id == session_id, Session.tenant_id == viewer.tenant_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if owner is None:
        raise NotFound("No such session.")
    return owner
