"""Event SessionEnded: the last event of a session, once it is ENDED and no turn is QUEUED or RUNNING."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import EventType, SessionStatus, TurnStatus
from db.feed.events import NewEvent, append
from db.models.conversation import Session, Turn


async def append_session_ended(session: AsyncSession, session_id: UUID) -> None:
    """Writes SessionEnded if the session has ended and no turn is unfinished. The caller locks the session's row."""
    unfinished = (
        select(Turn.id)
        .where(Turn.session_id == session_id, Turn.status.in_([TurnStatus.QUEUED, TurnStatus.RUNNING]))
        .exists()
    )
    ended = await session.scalar(
        select(Session.id).where(Session.id == session_id, Session.status == SessionStatus.ENDED, ~unfinished)
    )
    if ended is not None:
        await append(session, session_id, [NewEvent(EventType.SESSION_ENDED)])
