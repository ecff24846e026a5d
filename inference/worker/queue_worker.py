"""Procrastinate's worker, hardened: ends only jobs that it still owns, and outlasts a lost database connection."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import structlog
from procrastinate import RetryDecision
from procrastinate.job_context import JobContext, JobResult
from procrastinate.jobs import Job, Status
from procrastinate.worker import Worker

from db.logs import error_fields
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS, retry_outage, run_forever
from db.queue.jobs import end_own_job, requeue_orphaned_jobs, retry_own_job, send_queue_heartbeat

log = structlog.get_logger(__name__)


class QueueWorker(Worker):
    """Differs from Procrastinate's worker in four ways.

    1. Procrastinate ends a job by its id alone: a worker that was presumed dead and resumes after another has taken its
       job would end the other's job and release the session's lock. Here only the owner ends a job.
    2. Procrastinate stops and aborts its jobs when it loses the database; if the heartbeat loses it, it runs on without
       one. Here both reconnect; jobs that were assigned while the connection broke go back to the queue.
    3. Procrastinate has no heartbeat while it drains. Here it has, so that its jobs are not taken over.
    4. Procrastinate does not return after its row was deleted. Here the next heartbeat inserts the row again.
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

        mine = await retry_outage(end, patience_seconds=self._patience_seconds)
        self._job_ids_to_abort.pop(job_id, None)
        if not mine:
            log.info("job_was_taken_over", job_id=job_id)

    async def _fetch_and_process_jobs(self) -> None:
        worker_id = self.worker_id
        assert worker_id is not None
        running = [context.job.id for context in self._running_jobs.values() if context.job.id is not None]
        try:
            # Only here is no fetch in progress.
            strays = await self._database.run(lambda session: requeue_orphaned_jobs(session, worker_id, running))
            if strays:
                log.warning("jobs_strayed", jobs=strays)
            await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]  # Procrastinate leaves it unannotated
        except DATABASE_ERRORS as error:
            log.warning("fetch_failed", **error_fields(error))

    async def _update_heartbeat(self) -> None:
        while True:
            await asyncio.sleep(self.update_heartbeat_interval)
            worker_id = self.worker_id
            if worker_id is not None:
                await self._database.run(partial(send_queue_heartbeat, worker_id=worker_id))

    def _start_side_tasks(self) -> list[asyncio.Task[object]]:
        jobs = self.app.job_manager

        async def listen() -> None:
            await jobs.listen_for_jobs(on_notification=self._handle_notification, queues=self.queues)

        return [
            asyncio.create_task(
                run_forever(self._update_heartbeat, lost="queue_heartbeat_lost"), name="queue-heartbeat"
            ),
            asyncio.create_task(run_forever(listen, lost="queue_listen_lost"), name="queue-listen"),
        ]

    async def _shutdown(self, side_tasks: list[asyncio.Task[object]]) -> None:
        if self._running_jobs:
            await asyncio.wait(self._running_jobs, timeout=self.shutdown_graceful_timeout)
        if self._running_jobs:
            await self._abort_running_jobs()  # type: ignore[no-untyped-call]  # Procrastinate leaves it unannotated
        await super()._shutdown(side_tasks)
