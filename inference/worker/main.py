"""The worker role: fetches queued turns and runs them. Composition root of ``inference``.

Run with ``python -m inference.worker``. On SIGTERM or SIGINT it fetches no new turn, finishes running ones within
``VOXLOOM_DRAIN_SECONDS`` and requeues the rest.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from uuid import UUID

import structlog
from procrastinate import App, BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job

from db.audio.decoder_pool import DecoderPool
from db.audio.store import BucketStore, open_audio_store
from db.audio.sweep import sweep_periodically
from db.entry_point import run_command
from db.errors import BadUserInput, EngineUnavailable
from db.load_settings import load_settings
from db.logs import configure_logging, error_fields
from db.postgres.check import check_database, check_schema
from db.postgres.database import Database
from db.queue.jobs import QUEUE, TASK, queue_app
from inference.engines.catalog import choose_engines
from inference.lender import AnyLender, Engines
from inference.settings import InferenceSettings
from inference.text.language_id import TextLanguage
from inference.tools.client import McpToolBox
from inference.turn.limits import TurnLimits
from inference.turn.retries import RetryPolicy
from inference.worker.abandoned_calls import AbandonedCalls
from inference.worker.cancel_watch import CancelWatch
from inference.worker.heartbeat import WorkerHeartbeat
from inference.worker.memory import give_back_periodically
from inference.worker.progress import LoadingDisplay
from inference.worker.queue_worker import QueueWorker
from inference.worker.runner import TurnInterrupted, TurnRunner

_MAX_WAIT_SECONDS = 5
_AGAIN_SECONDS = 1

log = structlog.get_logger(__name__)


class TurnBroken(Exception):
    """An attempt ended in an unexpected error: the job is retried."""


class Resume(BaseRetryStrategy):
    """Retry strategy: an interrupted turn is requeued at once, one that raised after a growing delay."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        wait = 0 if isinstance(exception, TurnInterrupted) else min(job.attempts, _MAX_WAIT_SECONDS)
        return RetryDecision(retry_in={"seconds": wait})


def register_turns(app: App, runner: TurnRunner) -> None:
    """Registers the queue's task that runs a turn."""

    @app.task(name=TASK, queue=QUEUE, retry=Resume())
    async def run_turn(turn_id: str) -> None:
        try:
            await runner.run(UUID(turn_id))
        except TurnInterrupted:
            raise
        except Exception as error:
            # Procrastinate logs the exception it gets, and the text of this one may hold what a customer said.
            raise TurnBroken(" ".join(error_fields(error).values())) from None


async def load_all(engines: Engines) -> None:
    """Loads all engines at start rather than with the first turn; logs those that cannot be loaded."""

    async def load(stage: str, lender: AnyLender) -> None:
        try:
            await lender.load()
        except EngineUnavailable as error:
            log.error("engine_unavailable", stage=stage, engine=lender.info.engine, reason=error.message)

    await asyncio.gather(*(load(stage, lender) for stage, lender in engines.every()))


async def work(settings: InferenceSettings, url: str, engines: Engines) -> None:
    """Runs until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        database = Database(
            url,
            listen_url=settings.listen_url,
            pool=settings.database_pool,
            timeout_seconds=settings.database_timeout_seconds,
        )
        stack.push_async_callback(database.close)
        stack.push_async_callback(engines.close)
        decoders = await stack.enter_async_context(
            DecoderPool(
                settings.decoder_processes,
                wait_seconds=settings.engine_wait_seconds,
                customer_channel=settings.customer_channel,
            )
        )
        await decoders.start()
        toolbox = await stack.enter_async_context(
            McpToolBox(database, settings.mcp_servers, timeout_seconds=settings.tool_timeout_seconds)
        )
        app = queue_app(database)
        await stack.enter_async_context(app.open_async())
        limits = TurnLimits(
            recording_seconds=settings.max_audio_seconds,
            stall_seconds=settings.engine_stall_seconds,
            stage_seconds=settings.stage_timeout_seconds,
            tool_seconds=settings.tool_timeout_seconds,
            retry=RetryPolicy(settings.engine_tries, settings.engine_retry_pause_seconds),
        )
        store = open_audio_store(settings.audio_store_url)
        spoken = {language for lender in engines.llm for language in lender.info.languages}
        texts = await asyncio.to_thread(TextLanguage, sorted(spoken))
        runner = TurnRunner(
            database, store, engines=engines, decoder=decoders, toolbox=toolbox, limits=limits, language_of=texts.of
        )
        register_turns(app, runner)
        heartbeat = WorkerHeartbeat(database, engines, settings)
        stack.push_async_callback(heartbeat.leave)
        turns = asyncio.create_task(take_turns(app, database, settings, runner), name="turns")
        helpers = [
            asyncio.create_task(heartbeat.run(), name="heartbeat"),
            asyncio.create_task(CancelWatch(database, runner).run(), name="cancel-watch"),
            asyncio.create_task(give_back_periodically(), name="memory"),
            asyncio.create_task(AbandonedCalls(database).run(), name="abandoned-calls"),
        ]
        if isinstance(store, BucketStore):
            helpers.append(asyncio.create_task(sweep_periodically(database, store), name="audio-sweep"))
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


async def take_turns(app: App, database: Database, settings: InferenceSettings, runner: TurnRunner) -> None:
    """Runs queued turns until cancelled; then finishes those it has, within the drain limit.

    Should the queue's worker end by itself, another begins, and what the old one held is found by its heartbeat.
    """
    while True:
        ended = await _run_queue(app, database, settings)
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # the database's error came in the place of the cancellation
            return
        log.warning("queue_lost", error=None if ended is None else type(ended).__name__, running=len(runner.running))
        await asyncio.sleep(_AGAIN_SECONDS)


async def _run_queue(app: App, database: Database, settings: InferenceSettings) -> Exception | None:
    worker = QueueWorker(
        database,
        patience_seconds=settings.database_patience_seconds,
        app=app,
        queues=[QUEUE],
        concurrency=settings.worker_capacity,
        install_signal_handlers=False,
        fetch_job_polling_interval=1,
        abort_job_polling_interval=5,
        shutdown_graceful_timeout=settings.drain_seconds,
        delete_jobs="successful",
        update_heartbeat_interval=settings.heartbeat_seconds,
        stalled_worker_timeout=max(settings.lost_worker_seconds * 3, 30),
    )
    try:
        await worker.run()  # type: ignore[no-untyped-call]  # Procrastinate leaves it unannotated
    except (ConnectorException, OSError, TimeoutError) as error:
        return error
    return None


def run() -> None:
    """Runs a worker with the settings of the environment. Raises a known error for what is wrong before it starts."""
    settings = load_settings(InferenceSettings)
    if settings.database_url is None:
        raise BadUserInput("The worker needs DATABASE_URL (`voxloom up` sets it for an embedded Postgres).")
    configure_logging(json=not sys.stderr.isatty())
    display = LoadingDisplay()
    engines = choose_engines(settings, display.show)
    asyncio.run(check_database(settings.database_url, settings.listen_url, may_be_away=True))
    asyncio.run(check_schema(settings.database_url, may_be_away=True))
    with display:
        asyncio.run(work(settings, settings.database_url, engines))


if __name__ == "__main__":
    run_command(run)
