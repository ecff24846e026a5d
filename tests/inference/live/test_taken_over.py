"""A call that one process loses to another and gets back, over Postgres: each utterance becomes one turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest
from sqlalchemy import select

from db.enums import Role
from db.models.conversation import Message
from db.postgres.database import Database
from db.viewer import Viewer
from graph.voice.calls import Calls, CallTicket, Connection
from inference.audio.vad import FRAME
from inference.journal.call_records import CallRecords
from inference.live.call import Call
from inference.live.caller_events import TurnCommitted
from inference.live.ports import CallerSpeaker, CallRecord, LiveCall
from inference.ports import Samples, Transcript
from tests.db.calls.rows import call_of, names, open_call
from tests.db.rows import STORE, eventually, open_session
from tests.inference.live.calls import call_parts, settle
from tests.inference.live.fakes import FakeRecognizer, FakeSpeaker, FakeStream, silence, spoken


class Recognizer(FakeRecognizer):
    """``ready``: final words wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = asyncio.Event()
        self.ready.set()

    def listen(self, *, language: str | None, among: Sequence[str] = ()) -> FakeStream:
        self.streams.append(_Stream(self))
        return self.streams[-1]


class _Stream(FakeStream):
    async def final(self) -> Transcript:
        await cast("Recognizer", self._engine).ready.wait()
        return await super().final()


class Process:
    """A voice process that hears nothing of what others do to its calls, as after it was stopped for a while."""

    def __init__(self, database: Database) -> None:
        self.recognizer = Recognizer()
        self.records = CallRecords(database, STORE, heartbeat_seconds=0.5)
        self.calls = Calls(self.records, self._make, max_calls=2)

    def _make(self, record: CallRecord, speaker: CallerSpeaker) -> LiveCall:
        return Call(record, speaker, call_parts(recognizer=self.recognizer), real_time=False)

    async def close(self) -> None:
        await self.calls.drain(0)
        await self.records.close()


@asynccontextmanager
async def voice(database: Database) -> AsyncIterator[Process]:
    process = Process(database)
    try:
        yield process
    finally:
        await process.close()


async def hear(connection: Connection, samples: Samples) -> None:
    for start in range(0, samples.size, FRAME):
        await connection.call.hear(samples[start : start + FRAME])
        await settle()


async def said(database: Database, ticket: CallTicket) -> list[str]:
    """The texts of the caller's messages."""
    session_id = (await call_of(database, ticket.call_id)).session_id
    async with database.reading() as session:
        query = select(Message.text).where(Message.session_id == session_id, Message.role == Role.USER)
        return [each or "" for each in await session.scalars(query.order_by(Message.id))]


@pytest.fixture
async def ticket(database: Database, viewer: Viewer) -> CallTicket:
    call = await open_call(database, viewer, await open_session(database, viewer))
    return CallTicket(call.tenant_id, call.id)


async def answer(process: Process, ticket: CallTicket) -> None:
    """The process takes the call up, and answers what it finds; then the caller is gone again."""
    speaker = FakeSpeaker()
    async with process.calls.connect(ticket, speaker) as connection:
        await hear(connection, silence(1.0))

        async def committed() -> bool:
            return bool(speaker.all(TurnCommitted))

        await eventually(committed)


async def test_an_utterance_that_another_process_answers_meanwhile(database: Database, ticket: CallTicket) -> None:
    """The process that is back has the utterance in memory, as one that has not ended."""
    async with voice(database) as first, voice(database) as second:
        async with first.calls.connect(ticket, FakeSpeaker()) as connection:
            await hear(connection, spoken("my bill is wrong"))
        await answer(second, ticket)
        async with first.calls.connect(ticket, FakeSpeaker()) as again:
            await hear(again, silence(1.0))
            await hear(again, spoken("hello"))
            await hear(again, silence(1.0))
            await eventually(lambda: _are(database, ticket, 2))
        assert await said(database, ticket) == ["my bill is wrong", "hello"]


async def test_a_turn_that_another_process_commits_first(
    database: Database, ticket: CallTicket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is stopped before the commit, and wakes when the other's turn is stored: the caller comes back to it.

    What it was about to commit, and that it left the call, is of the connection that it had.
    """
    monkeypatch.setattr("inference.live.call._STORE_SECONDS", 0.2)
    async with voice(database) as first, voice(database) as second:
        first.recognizer.ready.clear()
        lost = first.calls.connect(ticket, FakeSpeaker())  # the process does not learn that its socket is closed
        connection = await lost.__aenter__()
        await hear(connection, spoken("my bill is wrong"))
        await hear(connection, silence(1.0))
        await eventually(lambda: _is_kept(database, ticket))
        await answer(second, ticket)
        first.recognizer.ready.set()
        speaker = FakeSpeaker()
        async with first.calls.connect(ticket, speaker) as again:
            await hear(again, spoken("hello"))
            await hear(again, silence(1.0))
            await eventually(lambda: _are(database, ticket, 2))
            assert not again.over.done()
        assert await said(database, ticket) == ["my bill is wrong", "hello"]


async def _is_kept(database: Database, ticket: CallTicket) -> bool:
    """Whether all of the utterance's audio is stored."""
    session_id = (await call_of(database, ticket.call_id)).session_id
    return "SpeechEnded" in await names(database, session_id)


async def _are(database: Database, ticket: CallTicket, turns: int) -> bool:
    return len(await said(database, ticket)) >= turns
