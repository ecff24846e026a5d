"""The worker: takes queued turns and runs them. The composition root of everything behind the queue.

Run with ``python -m inference.worker``. SIGTERM or SIGINT: it takes no new turn, finishes those it has within
``VOXLOOM_DRAIN_SECONDS`` and hands the rest over.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from uuid import UUID

import structlog
from procrastinate import App, JobContext, RetryStrategy
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import SQLAlchemyError

from db import workers
from db.audio_store import open_audio_store
from db.engine import Database
from db.errors import EngineUnavailable
from db.ids import new_id
from db.logs import configure_logging, place_of
from db.models.happenings import Worker
from db.queue import QUEUE, TASK, queue_app
from inference.cancelling import CancelWatch
from inference.engine_choice import choose_engines
from inference.limits import Limits
from inference.loading import LoadingDisplay
from inference.registry import Engines
from inference.retrying import RetryPolicy
from inference.runner import TurnRunner
from inference.settings import InferenceSettings
from inference.text_language import TextLanguage
from inference.tools.client import McpToolBox

_MAX_ATTEMPTS = 8
_FORGET_SECONDS = 300

log = structlog.get_logger(__name__)


class TurnBroken(Exception):
    """An attempt at a turn ended in an error that is none of the turn's own: it is tried again."""


def register_turns(app: App, runner: TurnRunner) -> None:
    """Tells the queue how a turn is run. An attempt that breaks is tried again, and in the end given up."""

    @app.task(name=TASK, queue=QUEUE, pass_context=True, retry=RetryStrategy(max_attempts=_MAX_ATTEMPTS, linear_wait=1))
    async def run_turn(context: JobContext, turn_id: str) -> None:
        try:
            if context.job.attempts >= _MAX_ATTEMPTS:
                await runner.give_up(UUID(turn_id))
            else:
                await runner.run(UUID(turn_id))
        except Exception as error:
            # The queue logs what it is given, and the error's own text may hold what somebody said.
            raise TurnBroken(f"{type(error).__name__} at {place_of(error)}") from None


def describe(engines: Engines) -> list[dict[str, object]]:
    """The engines as the API tells them to clients."""
    return [
        {
            "stage": stage,
            "engine": lender.info.engine,
            "model": lender.info.model,
            "languages": list(lender.info.languages),
            "loaded": lender.loaded,
            "error": lender.error,
        }
        for stage, lender in engines.every()
    ]


async def load_all(engines: Engines) -> None:
    """Loads every engine now rather than with the first turn that needs it; one that cannot load is logged."""

    async def load(stage: str, load_one: Callable[[], object]) -> None:
        try:
            await load_one()  # type: ignore[misc]
        except EngineUnavailable as error:
            log.error("engine_unavailable", stage=stage, reason=error.message)

    await asyncio.gather(*(load(stage, lender.load) for stage, lender in engines.every()))


class Attendance:
    """Says that this worker lives, and takes up the turns of those that do not."""

    def __init__(self, database: Database, app: App, engines: Engines, settings: InferenceSettings) -> None:
        self._database = database
        self._app = app
        self._engines = engines
        self._settings = settings
        self._id = new_id()

    async def register(self) -> None:
        async with self._database.transaction() as session:
            row = Worker(
                id=self._id,
                host=socket.gethostname(),
                pid=os.getpid(),
                capacity=self._settings.worker_capacity,
                engines=describe(self._engines),
            )
            await workers.register(session, row)

    async def keep(self) -> None:
        """Beats until cancelled; a database that is away is waited for."""
        while True:
            try:
                async with self._database.transaction() as session:
                    await workers.beat(session, self._id, describe(self._engines))
                    await workers.forget_dead(session, _FORGET_SECONDS)
                await self._take_up()
            except (SQLAlchemyError, ConnectorException, OSError, TimeoutError) as error:
                log.warning("heartbeat_failed", error=type(error).__name__)
            await asyncio.sleep(self._settings.heartbeat_seconds)

    async def _take_up(self) -> None:
        manager = self._app.job_manager
        stalled = await manager.get_stalled_jobs(
            queue=QUEUE, seconds_since_heartbeat=self._settings.lost_worker_seconds
        )
        for job in stalled:
            log.warning("turn_taken_up", job_id=job.id)
            await manager.retry_job(job)

    async def leave(self) -> None:
        async with self._database.transaction() as session:
            await workers.leave(session, self._id)


async def work(settings: InferenceSettings, url: str, *, display: LoadingDisplay | None = None) -> None:
    """Runs until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        database = Database(url, pool=settings.database_pool, timeout_seconds=settings.database_timeout_seconds)
        stack.push_async_callback(database.close)
        engines = choose_engines(settings, *([display.show] if display else []))
        stack.push_async_callback(engines.close)
        toolbox = await stack.enter_async_context(
            McpToolBox(database, settings.mcp_servers, timeout_seconds=settings.tool_timeout_seconds)
        )
        app = queue_app(database)
        await stack.enter_async_context(app.open_async())
        limits = Limits(
            recording=settings.max_audio_seconds,
            stall=settings.engine_stall_seconds,
            stage=settings.stage_timeout_seconds,
            tool=settings.tool_timeout_seconds,
            retry=RetryPolicy(settings.engine_tries, settings.engine_retry_pause_seconds),
        )
        store = open_audio_store(settings.audio_store_url)
        spoken = {language for lender in engines.llm for language in lender.info.languages}
        texts = await asyncio.to_thread(TextLanguage, sorted(spoken))
        runner = TurnRunner(database, store, engines=engines, toolbox=toolbox, limits=limits, language_of=texts.of)
        register_turns(app, runner)
        attendance = Attendance(database, app, engines, settings)
        await attendance.register()
        stack.push_async_callback(attendance.leave)
        turns = asyncio.create_task(take_turns(app, settings), name="turns")
        helpers = [
            asyncio.create_task(attendance.keep(), name="attendance"),
            asyncio.create_task(CancelWatch(database, runner).keep(), name="cancel-watch"),
        ]
        loading = asyncio.create_task(load_all(engines), name="loading")
        stop = asyncio.create_task(stopped.wait(), name="stop")
        try:
            await asyncio.wait({turns, *helpers, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            log.info("worker_stopping")
            turns.cancel()  # Procrastinate drains on cancellation, within its graceful time-out
            (ended,) = await asyncio.gather(turns, return_exceptions=True)
            for task in (*helpers, loading, stop):
                task.cancel()
            others = await asyncio.gather(*helpers, loading, stop, return_exceptions=True)
            for result in (ended, *others):
                if isinstance(result, Exception):
                    raise result


async def take_turns(app: App, settings: InferenceSettings) -> None:
    """Runs queued turns until cancelled; then finishes those it has, within the drain limit."""
    await app.run_worker_async(
        queues=[QUEUE],
        concurrency=settings.worker_capacity,
        install_signal_handlers=False,
        fetch_job_polling_interval=1,
        abort_job_polling_interval=1,
        shutdown_graceful_timeout=settings.drain_seconds,
        delete_jobs="successful",
        update_heartbeat_interval=settings.heartbeat_seconds,
        stalled_worker_timeout=max(settings.lost_worker_seconds * 3, 30),
    )


def main() -> None:
    settings = InferenceSettings()
    if settings.database_url is None:
        sys.exit("The worker needs DATABASE_URL (`voxloom up` sets it for an embedded Postgres).")
    configure_logging(json=not sys.stderr.isatty())
    with LoadingDisplay() as display:
        asyncio.run(work(settings, settings.database_url, display=display))


if __name__ == "__main__":
    main()
