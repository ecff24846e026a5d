"""A turn resumes after a lost connection at any of its commits, whether that commit was applied or not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from db.audio.decoder_pool import DecoderPool
from db.enums import Stage
from db.postgres.database import Database
from db.viewer import Viewer
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.journal.database_journal import DatabaseJournal
from inference.ports import JournalLost
from inference.tools.client import McpToolBox
from inference.turn.limits import TurnLimits
from inference.worker.runner import TurnRunner
from tests.conftest import lent
from tests.db.rows import STORE, claimed, events_of, open_session, say, scalar

FILE = 'file billing_query {"query": "charged twice", "intent": "billing"}'
LIMITS = TurnLimits(recording_seconds=60, stall_seconds=10, stage_seconds=30, tool_seconds=10)


class FlakyWriter:
    """Plain connections of a ``Flaky`` database."""

    def __init__(self, database: Flaky, writer: Any) -> None:
        self._database = database
        self._writer = writer

    async def row(self, sql: str, arguments: Sequence[Any]) -> Any:
        if "pg_notify" in sql:
            return await self._writer.row(sql, arguments)
        self._database.number += 1
        breaks = self._database.number in self._database.broken
        if breaks and not self._database.after_commit:
            raise asyncpg.ConnectionDoesNotExistError
        row = await self._writer.row(sql, arguments)
        if breaks:
            raise asyncpg.ConnectionDoesNotExistError
        return row

    def close(self) -> None:
        self._writer.close()


class Flaky(Database):
    """Loses the connection at the transactions with the numbers ``broken``, before or just after their commit."""

    def __init__(self, url: str, *, after_commit: bool) -> None:
        super().__init__(url)
        self.broken: set[int] = set()
        self.number = 0
        self.after_commit = after_commit
        self.writer: Any = FlakyWriter(self, self.writer)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        self.number += 1
        breaks = self.number in self.broken
        async with super().transaction() as session:
            yield session
            if breaks and not self.after_commit:
                raise asyncpg.ConnectionDoesNotExistError
        if breaks:
            raise asyncpg.ConnectionDoesNotExistError


@pytest.fixture(params=["before the commit", "after the commit"])
async def flaky(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Flaky]:
    opened = Flaky(database_url, after_commit=request.param == "after the commit")
    yield opened
    await opened.close()


async def test_a_commit_whose_answer_was_lost_is_not_made_twice(flaky: Flaky, viewer: Viewer) -> None:
    session_id = await open_session(flaky, viewer)
    claim = await claimed(flaky, await say(flaky, viewer, session_id))
    journal = DatabaseJournal(flaky, STORE, claim)
    flaky.broken = {flaky.number + 1, flaky.number + 3, flaky.number + 6}
    for word in ("one", "two", "three", "four", "five"):
        await journal.stage_skipped(Stage.TTS, word)
        await journal.reply_delta(word)
        await journal.close(10)  # both in one commit
    told = [event.data["text"] for event in await events_of(flaky, session_id) if event.type == "ReplyDelta"]
    assert told == ["one", "two", "three", "four", "five"]
    assert [event.seq for event in await events_of(flaky, session_id)] == list(range(1, 13))
    assert flaky.number > max(flaky.broken)


async def test_a_journal_that_cannot_be_written_ends_the_attempt_and_not_the_turn(flaky: Flaky, viewer: Viewer) -> None:
    session_id = await open_session(flaky, viewer)
    turn_id = await say(flaky, viewer, session_id)
    async with McpToolBox(flaky) as toolbox, DecoderPool(1, wait_seconds=10) as decoder:
        engines = lent(FakeTranscriber(), FakeChatModel(), FakeSynthesizer())
        runner = TurnRunner(
            flaky, STORE, engines=engines, decoder=decoder, toolbox=toolbox, limits=LIMITS, patience_seconds=0
        )
        flaky.broken = {flaky.number + 2}
        with pytest.raises(JournalLost):
            await runner.run(turn_id)
        assert await scalar(flaky, "select status from turns") == "RUNNING"
        await runner.run(turn_id)
    assert await scalar(flaky, "select status from turns") == "COMPLETED"
    assert await scalar(flaky, "select attempt from turns") == 2


@pytest.mark.parametrize("broken", range(2, 14))
async def test_a_turn_outlasts_a_cut_at_any_of_its_transactions(flaky: Flaky, viewer: Viewer, broken: int) -> None:
    session_id = await open_session(flaky, viewer)
    turn_id = await say(flaky, viewer, session_id, FILE)
    async with McpToolBox(flaky) as toolbox, DecoderPool(1, wait_seconds=10) as decoder:
        engines = lent(FakeTranscriber(), FakeChatModel(), FakeSynthesizer())
        runner = TurnRunner(flaky, STORE, engines=engines, decoder=decoder, toolbox=toolbox, limits=LIMITS)
        flaky.broken = {flaky.number + broken}
        await runner.run(turn_id)
    assert await scalar(flaky, "select status from turns") == "COMPLETED"
    assert await scalar(flaky, "select text from messages where role = 'ASSISTANT'") == (
        "The tool billing_query said yes."
    )
    assert await scalar(flaky, "select count(*) from crm_records") == 1
    kinds = [event.type.value for event in await events_of(flaky, session_id)]
    for once in ("ToolCallStarted", "ToolCallFinished", "ReplyReady", "AudioReady", "TurnCompleted"):
        assert kinds.count(once) == 1
