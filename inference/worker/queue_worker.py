"""Procrastinate's worker, made to survive: it ends only jobs that are still its own, and outlasts a lost database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog
from procrastinate import RetryDecision
from procrastinate.job_context import JobContext, JobResult
from procrastinate.jobs import Job, Status
from procrastinate.worker import Worker

from db.logs import error_fields
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS, outlast
from db.queue.jobs import beat_queue, end_own_job, retry_own_job, take_up_strays

_RETRY_SECONDS = 0.5

log = structlog.get_logger(__name__)


class QueueWorker(Worker):
    """As Procrastinate's, but for four things.

    Procrastinate ends a job by its number alone: a worker that was thought dead, and wakes after another has taken its
    job up, would end the other's job and free the session's lock under it. Here a job is ended only by its owner.

    When it loses the database it stops and cuts its jobs short; or, if it was the heartbeat that lost it, goes on for
    good without one. Here both go on, and jobs that it was given while the connection broke, so that it never heard of
    them, go back to the queue.

    It has no heartbeat while it drains. Here it has, so that nobody takes from it what it is about to finish.

    It does not come back when others have given it up and dropped its row. Here the next heartbeat writes it again.
    """

    def __init__(self, database: Database, *, patience_seconds: float, **options: Any) -> None:
        super().__init__(**options)
        self._database = database
        self._patience_seconds = patience_seconds

    async def _persist_job_status(
        self,
        job: Job,
        status: Status,
        retry_decision: RetryDecision | None,
        context: JobContext,
        job_result: JobResult | None,
    ) -> None:
        job_id, worker_id = job.id, self.worker_id
        assert job_id is not None and worker_id is not None

        async def end() -> bool:
            async with self._database.transaction() as session:
                if retry_decision is not None:
                    return await retry_own_job(session, job_id, worker_id, retry_decision.retry_at)
                return await end_own_job(session, job_id, worker_id, status.value)

        mine = await outlast(end, patience_seconds=self._patience_seconds)
        self._job_ids_to_abort.pop(job_id, None)
        if not mine:
            log.info("job_was_taken_over", job_id=job_id)

    async def _fetch_and_process_jobs(self) -> None:
        worker_id = self.worker_id
        assert worker_id is not None
        running = [context.job.id for context in self._running_jobs.values() if context.job.id is not None]
        try:
            # Only here, where no fetch is under way.
            strays = await self._database.run(lambda session: take_up_strays(session, worker_id, running))
            if strays:
                log.warning("jobs_strayed", jobs=strays)
            await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]
        except DATABASE_ERRORS as error:
            log.warning("fetch_failed", **error_fields(error))

    async def _update_heartbeat(self) -> None:
        while True:
            await asyncio.sleep(self.update_heartbeat_interval)
            worker_id = self.worker_id
            if worker_id is not None:
                await self._database.run(partial(beat_queue, worker_id=worker_id))

    def _start_side_tasks(self) -> list[asyncio.Task[Any]]:
        jobs = self.app.job_manager

        async def listen() -> None:
            await jobs.listen_for_jobs(on_notification=self._handle_notification, queues=self.queues)

        return [
            asyncio.create_task(_keep(self._update_heartbeat), name="queue-heartbeat"),
            asyncio.create_task(_keep(listen), name="queue-listen"),
        ]

    async def _shutdown(self, side_tasks: list[asyncio.Task[Any]]) -> None:
        if self._running_jobs:
            await asyncio.wait(self._running_jobs, timeout=self.shutdown_graceful_timeout)
        if self._running_jobs:
            await self._abort_running_jobs()  # type: ignore[no-untyped-call]
        await super()._shutdown(side_tasks)


async def _keep(run: Callable[[], Awaitable[None]]) -> None:
    """Runs it for ever, again whenever the database went away."""
    while True:
        try:
            await run()
        except DATABASE_ERRORS as error:
            log.warning("queue_connection_lost", **error_fields(error))
        await asyncio.sleep(_RETRY_SECONDS)
