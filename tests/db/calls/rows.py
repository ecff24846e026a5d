"""Fixtures of live calls for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.audio.encoded import EncodedAudio
from db.audio.persist import NewAudio, new_audio
from db.calls import connections
from db.calls.begin import begin
from db.calls.values import ConnectedCall, SpokenTurn
from db.commands import calls
from db.enums import AudioKind, CallStatus, CallTransport, Stage
from db.ids import new_id
from db.models.calls import Call
from db.postgres.database import Database
from db.queue.jobs import register_worker
from db.turns.live_values import LiveTiming, TurnTaking
from db.turns.values import Claim, FinishedCall
from db.viewer import Viewer
from tests.db.rows import events_of, open_session


async def open_call(
    database: Database,
    viewer: Viewer,
    session_id: UUID,
    *,
    key: str | None = None,
    turn_taking: TurnTaking | None = None,
    transport: CallTransport = CallTransport.REALTIME,
    record: bool = False,
) -> Call:
    async with database.transaction() as session:
        return await calls.open_call(
            session,
            viewer,
            session_id=session_id,
            transport=transport,
            turn_taking=turn_taking or TurnTaking(),
            record=record,
            idempotency_key=key,
        )


async def call_of(database: Database, call_id: UUID) -> Call:
    async with database.reading() as session:
        return (await session.execute(select(Call).where(Call.id == call_id))).scalar_one()


async def connected(database: Database, viewer: Viewer, session_id: UUID | None = None) -> ConnectedCall:
    """A call of the session, or of a new one, with its first connection."""
    call = await open_call(database, viewer, session_id or await open_session(database, viewer))
    return await connect_to(database, call)


async def connect_to(database: Database, call: Call) -> ConnectedCall:
    async with database.transaction() as session:
        return await connections.connect(session, tenant_id=call.tenant_id, call_id=call.id)


async def owner(database: Database) -> int:
    """Registers an owner of jobs in the queue."""
    async with database.transaction() as session:
        return await register_worker(session)


def recording(session_id: UUID, data: bytes = b"sound") -> NewAudio:
    return new_audio(AudioKind.RECORDING, EncodedAudio(data, "audio/wav", 1000, 16_000), session_id=session_id)


def recognition() -> FinishedCall:
    return FinishedCall(Stage.ASR, "fake", "tiny", CallStatus.OK, datetime.now(UTC), 0, 12.5, input_audio_ms=1000)


def spoken(session_id: UUID, worker_id: int, text: str = "hello", **given: Any) -> SpokenTurn:
    """A caller's turn."""
    values: dict[str, Any] = {
        "turn_id": new_id(),
        "message_id": new_id(),
        "text": text,
        "language": "en",
        "unexpected_language": None,
        "live": LiveTiming(0, 1000, turn_score=0.9),
        "worker_id": worker_id,
        "sounds": 0,
        "call_id": new_id(),
        "audio": recording(session_id),
        "call": recognition(),
        **given,
    }
    return SpokenTurn(**values)


async def began(database: Database, call: ConnectedCall, turn: SpokenTurn, step: int = 0) -> tuple[Claim, int]:
    """Begins the turn; returns its claim and job."""
    found = await begin(database, call.lease, step, turn)
    assert found is not None
    return found


async def names(database: Database, session_id: UUID) -> list[str]:
    """The types of the session's events."""
    return [event.type.value for event in await events_of(database, session_id)]
