"""The events of a session: numbered 1, 2, 3 ... without a gap, in the order in which they were committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.clean import storable
from db.models.conversation import Session
from db.models.happenings import Event
from db.notifier import touch
from db.words import EventType


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be written. ``data`` must be plain JSON; characters that Postgres cannot store are replaced."""

    type: EventType
    turn_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as every listener gets it; shared between listeners, so never changed."""

    session_id: UUID
    seq: int
    turn_id: UUID | None
    type: EventType
    data: Mapping[str, Any]
    at: datetime


async def append(session: AsyncSession, session_id: UUID, events: Sequence[NewEvent]) -> int:
    """Writes events in the caller's transaction and returns the last one's number.

    Counting up the session's row takes its lock, which is held until the commit: the next writer numbers on from
    there, so that a reader who has seen number n has been able to see all before it.
    """
    counted = await session.execute(
        update(Session)
        .where(Session.id == session_id)
        .values(last_seq=Session.last_seq + len(events))
        .returning(Session.last_seq)
        .execution_options(synchronize_session=False)
    )
    last_seq: int = counted.scalar_one()
    first = last_seq - len(events) + 1
    await session.execute(
        insert(Event),
        [
            {
                "session_id": session_id,
                "seq": first + offset,
                "turn_id": event.turn_id,
                "type": event.type,
                "data": storable(event.data),
            }
            for offset, event in enumerate(events)
        ],
    )
    touch(session, session_id)
    return last_seq


async def read_after(session: AsyncSession, session_id: UUID, after_seq: int, limit: int) -> list[StoredEvent]:
    """The next ``limit`` events of a session, oldest first."""
    rows = await session.execute(
        select(Event.session_id, Event.seq, Event.turn_id, Event.type, Event.data, Event.at)
        .where(Event.session_id == session_id, Event.seq > after_seq)
        .order_by(Event.seq)
        .limit(limit)
    )
    return [StoredEvent(*row) for row in rows]


async def last_seqs(session: AsyncSession, session_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The number of the last event of each session."""
    rows = await session.execute(select(Session.id, Session.last_seq).where(Session.id.in_(session_ids)))
    return dict(rows.all())
