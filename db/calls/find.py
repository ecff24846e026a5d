"""Finds a live call by its id, for the token that names it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.calls.turn_taking import parse_turn_taking
from db.enums import LiveCallStatus
from db.models.calls import Call
from db.models.conversation import Session
from db.turns.live_values import TurnTaking


@dataclass(frozen=True, slots=True)
class FoundCall:
    """A call and its session's persona. ``now``: the database's time."""

    session_id: UUID
    persona: str
    language: str
    status: LiveCallStatus
    turn_taking: TurnTaking
    now: datetime


async def find_call(session: AsyncSession, *, tenant_id: UUID, call_id: UUID) -> FoundCall | None:
    """The tenant's call; None if there is none."""
    query = (
        select(Call.session_id, Session.persona, Call.language, Call.status, Call.turn_taking, func.clock_timestamp())
        .join(Session, Session.id == Call.session_id)
        .where(Call.id == call_id, Call.tenant_id == tenant_id)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    session_id, persona, language, status, turn_taking, now = row
    return FoundCall(session_id, persona, language, status, parse_turn_taking(turn_taking), now)
