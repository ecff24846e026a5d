"""Command ``send_message``: stores a message with its turn, event and queue job in one commit. The caller commits.

Finds only sessions of the viewer's tenant; another tenant's id raises NotFound like an unknown one.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.audio.persist import NewAudio, add_audio
from db.commands.sessions import lock_session
from db.enums import EventType, MessageType, Role, SessionStatus
from db.errors import IdempotencyConflict, NotFound, SessionEnded
from db.feed.events import NewEvent, append
from db.ids import new_id
from db.models.conversation import Message, Session, Turn
from db.postgres.database import Database
from db.queue.jobs import defer_turn
from db.queue.limits import QueueLimits
from db.queue.quotas import check_quota
from db.validation import validate_text
from db.viewer import Viewer

MAX_TEXT = 4_000
_MAX_KEY = 200
_LIMITS = QueueLimits()


@dataclass(frozen=True, slots=True)
class TextContent:
    text: str


async def precheck_message(
    database: Database,
    viewer: Viewer,
    *,
    session_id: UUID,
    idempotency_key: str | None = None,
    limits: QueueLimits = _LIMITS,
) -> bool:
    """Checks before a recording is decoded and uploaded; False if one was stored under the same idempotency key.

    Raises NotFound, SessionEnded, BadUserInput and Overloaded as ``send_message``, which repeats the checks in its
    transaction.
    """
    if idempotency_key is not None:
        validate_text(idempotency_key, "idempotencyKey", max_length=_MAX_KEY)
    async with database.reading() as session:
        query = select(Session).where(Session.id == session_id, Session.tenant_id == viewer.tenant_id)
        owner = await session.scalar(query)
        if owner is None:
            raise NotFound("No such session.")
        if idempotency_key is not None and await _find_turn(session, session_id, idempotency_key) is not None:
            return False
        if owner.status is SessionStatus.ENDED:
            raise SessionEnded("The session has ended.")
        await check_quota(session, owner, limits)
    return True


async def send_message(
    session: AsyncSession,
    viewer: Viewer,
    *,
    session_id: UUID,
    content: TextContent | NewAudio,
    idempotency_key: str | None = None,
    limits: QueueLimits = _LIMITS,
) -> Turn:
    """Stores the message, its turn, the event TurnQueued and the queue job, in the caller's transaction.

    A repeated ``idempotency_key`` returns the first call's turn, even if the session has ended since. Raises
    IdempotencyConflict for a key with other content, SessionEnded, NotFound, BadUserInput, and Overloaded above the
    quota of queued turns.
    """
    request_hash = await asyncio.to_thread(_hash, content)  # a recording may be large
    if isinstance(content, TextContent):
        validate_text(content.text, "The text", max_length=MAX_TEXT)
    if idempotency_key is not None:
        validate_text(idempotency_key, "idempotencyKey", max_length=_MAX_KEY)
    owner = await lock_session(session, viewer, session_id)
    if idempotency_key is not None:
        known = await _find_turn(session, session_id, idempotency_key)
        if known is not None:
            if known.request_hash != request_hash:
                raise IdempotencyConflict("This idempotencyKey was used in this session for another message.")
            return known
    if owner.status is SessionStatus.ENDED:
        raise SessionEnded("The session has ended.")
    await check_quota(session, owner, limits)
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


async def _find_turn(session: AsyncSession, session_id: UUID, idempotency_key: str) -> Turn | None:
    return await session.scalar(
        select(Turn).where(Turn.session_id == session_id, Turn.idempotency_key == idempotency_key)
    )


async def _add_message(session: AsyncSession, turn: Turn, content: TextContent | NewAudio) -> None:
    message = Message(id=new_id(), session_id=turn.session_id, turn_id=turn.id, role=Role.USER)
    if isinstance(content, TextContent):
        message.type, message.text = MessageType.TEXT, content.text
    else:
        await add_audio(session, content, session_id=turn.session_id, turn_id=turn.id)
        message.type, message.audio_id = MessageType.AUDIO, content.id
    session.add(message)
    await session.flush()


def _hash(content: TextContent | NewAudio) -> bytes:
    if isinstance(content, TextContent):
        return hashlib.sha256(b"text\0" + content.text.encode(errors="surrogatepass")).digest()
    return hashlib.sha256(b"audio\0" + content.audio.data).digest()
