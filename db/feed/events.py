"""Event log of a session: appends and reads events, numbered from 1 without gaps in commit order.

The events of a running turn are inserted by SQL statements in ``db.turns.statement`` and ``db.turns.claims``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import EventType
from db.json_value import Json
from db.models.conversation import Session
from db.models.events import Event
from db.postgres.notifier import notify_after_commit
from db.postgres.reader import Reader
from db.validation import sanitize_json


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append. ``data``: plain JSON; characters that Postgres cannot store are replaced."""

    type: EventType
    turn_id: UUID | None = None
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of the table; shared by all listeners, so it must not be changed."""

    session_id: UUID
    seq: int
    turn_id: UUID | None
    type: EventType
    data: Mapping[str, Json]
    at: datetime


async def append(session: AsyncSession, session_id: UUID, events: Sequence[NewEvent]) -> int:
    """Appends events in the caller's transaction; returns the last one's number.

    The update of ``last_seq`` locks the session's row until the commit, so events become visible in the order of their
    numbers: a reader that sees number n can see all earlier ones.
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
                "data": sanitize_json(event.data),
            }
            for offset, event in enumerate(events)
        ],
    )
    notify_after_commit(session, session_id)
    return last_seq


async def touch_session(session: AsyncSession, session_id: UUID) -> None:
    """Updates the session's row without a change: its version tells caches of a commit without events."""
    await session.execute(
        update(Session)
        .where(Session.id == session_id)
        .values(last_seq=Session.last_seq)
        .execution_options(synchronize_session=False)
    )


LAST_SEQS = "select id, last_seq from sessions where id = any($1::uuid[])"

#: The next events of several sessions, each with its own cursor.
NEXT_EVENTS = """
select found.session_id, found.seq, found.turn_id, found.type, found.data::text, found.at
from unnest($1::uuid[], $2::int[]) as asked (session_id, after_seq)
cross join lateral (
  select events.* from events
  where events.session_id = asked.session_id and events.seq > asked.after_seq
  order by events.seq limit $3
) as found
"""


async def read_after(reader: Reader, cursors: Mapping[UUID, int], limit: int) -> dict[UUID, list[StoredEvent]]:
    """The next events of each session after its cursor, at most ``limit`` each, oldest first."""
    found: dict[UUID, list[StoredEvent]] = {session_id: [] for session_id in cursors}
    rows = await reader.rows(NEXT_EVENTS, [list(cursors), list(cursors.values()), limit])
    for session_id, seq, turn_id, kind, data, at in rows:
        found[session_id].append(StoredEvent(session_id, seq, turn_id, EventType(kind), json.loads(data), at))
    for events in found.values():
        events.sort(key=lambda event: event.seq)
    return found


async def last_seqs(reader: Reader, session_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The number of the last event of each session."""
    rows = await reader.rows(LAST_SEQS, [session_ids])
    return {row[0]: row[1] for row in rows}
