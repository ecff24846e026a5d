"""Takes queued turns (Procrastinate) and runs them; drains on cancellation."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog
from procrastinate import App, BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job

from db.logs import error_fields
from db.postgres.database import Database
from db.queue.jobs import QUEUE, TASK
from inference.settings import InferenceSettings
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
