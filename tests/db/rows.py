"""Fixtures of rows for tests: sessions, messages and attempts, made by the code of API and worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.audio.encoded import EncodedAudio
from db.audio.persist import new_audio, upload
from db.audio.store import TableStore
from db.commands import messages, sessions
from db.commands.agents import publish_agent
from db.commands.messages import TextContent
from db.enums import AudioKind, Channel, EventType
from db.feed.events import NewEvent, append
from db.models.events import Event
from db.postgres.database import Database
from db.turns import claims
from db.turns.values import Claim, Failure
from db.viewer import Viewer
from inference.journal.database_journal import DatabaseJournal

STORE = TableStore()


async def publish(database: Database, viewer: Viewer, **changes: Any) -> str:
    """Publishes a copy of the built-in billing agent with these changes; returns its name."""
    definition = builtin_agents()["billing_agent"].model_dump(by_alias=True, exclude_defaults=True)
    changed = AgentDefinition.model_validate({**definition, "name": "published_agent", **changes})
    async with database.transaction() as session:
        await publish_agent(session, tenant_id=viewer.tenant_id, definition=changed)
    return changed.name


async def open_session(
    database: Database,
    viewer: Viewer,
    customer_id: str = "customer-1",
    *,
    language: str = "en",
    agent: str = "billing_agent",
) -> UUID:
    async with database.transaction() as session:
        row = await sessions.create_session(
            session,
            viewer,
            customer_id=customer_id,
            language=language,
            channel=Channel.WEB,
            persona=agent,
            metadata=None,
        )
        return row.id


async def say(
    database: Database, viewer: Viewer, session_id: UUID, words: str = "hello", *, key: str | None = None
) -> UUID:
    """Sends a text; returns the turn's id."""
    async with database.transaction() as session:
        return await say_in(session, viewer, session_id, words, key=key)


async def say_in(
    session: AsyncSession, viewer: Viewer, session_id: UUID, words: str = "hello", *, key: str | None = None
) -> UUID:
    turn = await messages.send_message(
        session, viewer, session_id=session_id, content=TextContent(words), idempotency_key=key
    )
    return turn.id


async def send_recording(database: Database, viewer: Viewer, session_id: UUID, data: bytes = b"audio") -> UUID:
    """Sends a recording; returns the turn's id."""
    recording = EncodedAudio(data, "audio/wav", 1000, 16_000)
    content = await upload(STORE, new_audio(AudioKind.RECORDING, recording, session_id=session_id))
    async with database.transaction() as session:
        turn = await messages.send_message(session, viewer, session_id=session_id, content=content)
        return turn.id


async def claimed(database: Database, turn_id: UUID) -> Claim:
    """Starts the next attempt of a turn."""
    claim = await claims.start(database, turn_id)
    assert claim is not None
    return claim


async def finish(database: Database, turn_id: UUID) -> None:
    """Starts an attempt and ends the turn."""
    await end(database, await claimed(database, turn_id))


async def end(database: Database, claim: Claim, failure: Failure | None = None) -> None:
    """Ends the turn of an attempt that has written nothing."""
    await DatabaseJournal(database, STORE, claim).turn_finished({}, failure)


async def write(database: Database, session_id: UUID, count: int = 1, *, mark: object = None) -> int:
    """Writes events in one transaction; returns the last one's number."""
    async with database.transaction() as session:
        events = [NewEvent(EventType.REPLY_DELTA, data={"mark": mark, "number": number}) for number in range(count)]
        return await append(session, session_id, events)


async def events_of(database: Database, session_id: UUID) -> Sequence[Event]:
    async with database.reading() as session:
        return (await session.scalars(select(Event).where(Event.session_id == session_id).order_by(Event.seq))).all()


async def eventually(holds: Callable[[], Awaitable[object]], seconds: float = 20) -> None:
    """Waits until the condition is true."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what it waits for happens in the database
            await asyncio.sleep(0.02)


async def scalar(database: Database, statement: str, **values: object) -> Any:
    async with database.reading() as session:
        return await session.scalar(text(statement), values)


async def everything(database: Database) -> dict[str, list[str]]:
    """Every row of all tables and of the queue's jobs, to compare before and after."""
    tables = [*database.metadata.tables, "procrastinate_jobs"]
    async with database.reading() as session:
        return {
            table: [str(row) for row in await session.scalars(text(f"select x::text from {table} x order by 1"))]
            for table in tables
        }
