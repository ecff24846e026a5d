"""Concurrent writers of one session: no deadlock, no lost write, no gap in the events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID

from sqlalchemy import select

from db.commands.sessions import end_session
from db.enums import EventType, Stage, TurnStatus
from db.errors import Overloaded, SessionEnded
from db.models.conversation import Turn
from db.postgres.database import Database
from db.viewer import Viewer
from inference.journal.database_journal import DatabaseJournal
from inference.ports import EngineInfo, Superseded
from inference.tools.client import McpToolBox
from inference.tools.manual import ManualToolCalls
from tests.db.rows import STORE, claimed, events_of, open_session, say, scalar

_SECONDS = 1.5
_PAYLOAD = {"query": "my bill", "intent": "billing"}


class Hammer:
    """Sends messages, calls tools and runs turns on one session until it is ended."""

    def __init__(self, database: Database, viewer: Viewer, session_id: UUID, tools: ManualToolCalls) -> None:
        self._database = database
        self._viewer = viewer
        self._session_id = session_id
        self._tools = tools
        self._ended = asyncio.Event()
        self.sent: list[UUID] = []
        self.filed: list[UUID] = []

    async def swing(self) -> None:
        async with asyncio.timeout(60), asyncio.TaskGroup() as writers:
            for step in (self._send, self._send, self._send, self._file, self._file):
                writers.create_task(self._until_ended(step))
            writers.create_task(self._run_turns())
            writers.create_task(self._end())

    async def _until_ended(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            while not self._ended.is_set():
                await step()
        except SessionEnded:
            assert self._ended.is_set()

    async def _send(self) -> None:
        with suppress(Overloaded):
            self.sent.append(await say(self._database, self._viewer, self._session_id))
        await asyncio.sleep(0.02)

    async def _file(self) -> None:
        call = await self._tools.run(
            self._viewer, self._session_id, name="billing_query", arguments=_PAYLOAD, idempotency_key=None
        )
        assert call.status == "ACCEPTED"
        self.filed.append(call.id)

    async def _run_turns(self) -> None:
        """Runs the turns in order, like a worker, until the session is ended and all are done."""
        done = 0
        while not self._ended.is_set() or done < len(self.sent):
            if done == len(self.sent):
                await asyncio.sleep(0.01)
                continue
            journal = DatabaseJournal(self._database, STORE, await claimed(self._database, self.sent[done]))
            await journal.stage_started(Stage.LLM, EngineInfo("fake", "m"))
            await asyncio.gather(*(journal.reply_delta("x") for _ in range(3)))
            await journal.reply_ready("xxx", "en")
            await journal.turn_finished({}, None)
            done += 1

    async def _end(self) -> None:
        await asyncio.sleep(_SECONDS)
        while min(len(self.sent), len(self.filed)) <= 5:  # noqa: ASYNC110 - a busy machine takes longer
            await asyncio.sleep(0.05)
        self._ended.set()
        for _ in range(3):
            async with self._database.transaction() as session:
                await end_session(session, self._viewer, session_id=self._session_id)


async def test_concurrent_writers_of_one_session_lose_nothing(database_url: str, viewer: Viewer) -> None:
    database = Database(database_url, pool=12, timeout_seconds=10)
    try:
        session_id = await open_session(database, viewer)
        async with McpToolBox(database) as toolbox:
            hammer = Hammer(database, viewer, session_id, ManualToolCalls(database, toolbox))
            await hammer.swing()
        events = await events_of(database, session_id)
        assert [each.seq for each in events] == list(range(1, len(events) + 1))
        async with database.reading() as session:
            turns = (await session.scalars(select(Turn).order_by(Turn.number))).all()
        assert [each.number for each in turns] == list(range(1, len(turns) + 1))
        assert {each.id for each in turns} == set(hammer.sent)
        assert all(each.status is TurnStatus.COMPLETED and each.attempt == 1 for each in turns)
        assert await scalar(database, "select count(*) from crm_records") == len(hammer.filed) > 5
        assert await scalar(database, "select count(*) from procrastinate_jobs") == len(turns) > 5
        assert [each.type for each in events].count(EventType.SESSION_ENDED) == 1
        assert events[-1].type is EventType.SESSION_ENDED
    finally:
        await database.close()


async def test_concurrent_attempts_do_not_deadlock(database_url: str, viewer: Viewer) -> None:
    """All writers lock the session's row first and the turn's second."""
    database = Database(database_url, pool=12, timeout_seconds=10)
    try:
        session_id = await open_session(database, viewer)
        turn_id = await say(database, viewer, session_id)
        over = asyncio.get_running_loop().time() + 1
        attempts: list[int] = []

        async def attempt() -> None:
            while asyncio.get_running_loop().time() < over:
                claim = await claimed(database, turn_id)
                attempts.append(claim.attempt)
                journal = DatabaseJournal(database, STORE, claim)
                with suppress(Superseded):
                    for _ in range(3):
                        await journal.reply_delta("x")

        async with asyncio.timeout(60), asyncio.TaskGroup() as attempting:
            for _ in range(6):
                attempting.create_task(attempt())
        assert sorted(attempts) == list(range(1, len(attempts) + 1))
        events = await events_of(database, session_id)
        assert [each.seq for each in events] == list(range(1, len(events) + 1))
        assert [each.type for each in events].count(EventType.TURN_STARTED) == len(attempts) > 5
    finally:
        await database.close()
