"""Fixtures of live calls for tests."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from db.commands import calls
from db.enums import CallTransport
from db.models.calls import Call
from db.postgres.database import Database
from db.turns.live_values import TurnTaking
from db.viewer import Viewer


async def open_call(
    database: Database,
    viewer: Viewer,
    session_id: UUID,
    *,
    key: str | None = None,
    turn_taking: TurnTaking | None = None,
    transport: CallTransport = CallTransport.REALTIME,
) -> Call:
    async with database.transaction() as session:
        return await calls.open_call(
            session,
            viewer,
            session_id=session_id,
            transport=transport,
            turn_taking=turn_taking or TurnTaking(),
            idempotency_key=key,
        )


async def call_of(database: Database, call_id: UUID) -> Call:
    async with database.reading() as session:
        return (await session.execute(select(Call).where(Call.id == call_id))).scalar_one()
