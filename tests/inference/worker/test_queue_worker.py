"""Queue worker: graceful stop, loss of the database, expired heartbeat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text

from db.audio.decoder_pool import DecoderPool
from db.models.workers import Worker
from db.postgres.database import Database
from db.queue import jobs, workers
from db.viewer import Viewer
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.lender import Engines
from inference.settings import InferenceSettings
from inference.tools.client import McpToolBox
from inference.turn.limits import TurnLimits
from inference.worker.heartbeat import WorkerHeartbeat
from inference.worker.queue_worker import QueueWorker
from inference.worker.runner import TurnRunner
from inference.worker.take_turns import register_turns, take_turns
from tests.conftest import lent
from tests.db.jobs import fetched, job_of, owner_of_jobs
from tests.db.rows import STORE, eventually, open_session, say, scalar

LIMITS = TurnLimits(recording_seconds=60, stall_seconds=10, stage_seconds=30, tool_seconds=10)
CUT = """select count(pg_terminate_backend(pid)) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid()"""


def settings(**changes: Any) -> InferenceSettings:
    return InferenceSettings(**{"heartbeat_seconds": 0.1, "lost_worker_seconds": 1, "drain_seconds": 20, **changes})


def slow(words: int = 40) -> Engines:
    """Engines whose replies take 0.05 s a word."""
    model = FakeChatModel(lambda _: " ".join(["word"] * words), delay=0.05)
    return lent(FakeTranscriber(), model, FakeSynthesizer())


@asynccontextmanager
async def taking(database: Database, engines: Engines, given: InferenceSettings) -> AsyncIterator[asyncio.Task[None]]:
    """The worker's task; cancelled at the end."""
    app = jobs.queue_app(database)
    async with McpToolBox(database) as toolbox, DecoderPool(1, wait_seconds=10) as decoder, app.open_async():
        runner = TurnRunner(database, STORE, engines=engines, decoder=decoder, toolbox=toolbox, limits=LIMITS)
        register_turns(app, runner)
        task = asyncio.create_task(take_turns(app, database, given, runner))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def runs(database: Database) -> bool:
    return bool(await scalar(database, "select exists (select from events where type = 'ReplyDelta')"))


async def test_a_stopping_worker_finishes_its_turn_and_nobody_takes_it(database: Database, viewer: Viewer) -> None:
    await say(database, viewer, await open_session(database, viewer))
    async with taking(database, slow(60), settings()) as task:
        await eventually(lambda: runs(database))
        watching = asyncio.create_task(WorkerHeartbeat(database, slow(), settings()).run())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        watching.cancel()
    assert await scalar(database, "select status from turns") == "COMPLETED"
    assert await scalar(database, "select attempt from turns") == 1
    assert await scalar(database, "select count(*) from procrastinate_jobs") == 0
    assert await scalar(database, "select count(*) from procrastinate_workers") == 0


async def test_what_a_stopping_worker_cannot_finish_it_hands_over(database: Database, viewer: Viewer) -> None:
    await say(database, viewer, await open_session(database, viewer))
    async with taking(database, slow(1000), settings(drain_seconds=0.2)) as task:
        await eventually(lambda: runs(database))
        task.cancel()
        async with asyncio.timeout(30):
            await asyncio.gather(task, return_exceptions=True)
    job = await job_of(database)
    assert job["status"] == "todo"
    async with taking(database, slow(3), settings()):
        await eventually(lambda: scalar(database, "select count(*) = 0 from procrastinate_jobs"))
    assert await scalar(database, "select status from turns") == "COMPLETED"
    assert await scalar(database, "select attempt from turns") == 2


async def test_a_worker_that_loses_every_connection_goes_on_with_its_turn(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    await say(database, viewer, session_id)
    async with taking(database, slow(), settings(drain_seconds=0)):
        await eventually(lambda: runs(database))
        await scalar(database, CUT)
        await eventually(lambda: scalar(database, "select status = 'COMPLETED' from turns"))
        await say(database, viewer, session_id)
        await eventually(lambda: scalar(database, "select bool_and(status = 'COMPLETED') from turns"))
    assert await scalar(database, "select max(attempt) from turns") == 1


async def test_a_worker_stops_although_the_database_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(_: QueueWorker) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ConnectorException from None

    monkeypatch.setattr(QueueWorker, "run", run)
    async with taking(database, slow(), settings()) as task:
        await asyncio.sleep(0.1)
        task.cancel()
        async with asyncio.timeout(30):
            await asyncio.gather(task, return_exceptions=True)


async def test_a_worker_that_was_silent_lets_the_others_speak_first(database: Database, viewer: Viewer) -> None:
    await say(database, viewer, await open_session(database, viewer))
    job = await fetched(database, await owner_of_jobs(database, silent_seconds=60))
    heartbeat = WorkerHeartbeat(database, slow(), settings(lost_worker_seconds=2))
    held = "select status = 'doing' from procrastinate_jobs"

    async def beaten() -> bool:
        return bool(
            await scalar(database, "select exists (select from workers where heartbeat_at > now() - interval '1 s')")
        )

    row = Worker(id=heartbeat._id, host="here", pid=1, capacity=1, engines=[])
    async with database.transaction() as session:
        await workers.heartbeat(session, row)
        await session.execute(text("update workers set heartbeat_at = now() - interval '9 s'"))
    keeping = asyncio.create_task(heartbeat.run())
    try:
        await eventually(beaten)
        await asyncio.sleep(0.5)
        assert await scalar(database, held)
        await eventually(lambda: scalar(database, f"select status = 'todo' from procrastinate_jobs where id = {job}"))
    finally:
        keeping.cancel()
