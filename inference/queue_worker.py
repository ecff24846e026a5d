"""Procrastinate's worker, made to survive: it ends only jobs that are still its own, and waits for a lost database."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from procrastinate import RetryDecision
from procrastinate.job_context import JobContext, JobResult
from procrastinate.jobs import Job, Status
from procrastinate.worker import Worker

from db.engine import Database
from db.outage import DATABASE_ERRORS, is_away
from db.queue import end_own_job, retry_own_job

_RETRY_SECONDS = 0.5

log = structlog.get_logger(__name__)


class QueueWorker(Worker):
    """As Procrastinate's, but for the end of a job.

    Procrastinate ends a job by its number alone. A worker that was thought dead, and wakes after another has taken its
    job up, would end the other's job and free the session's lock under it. Here a job is ended only by its owner.
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
        worker_id = self.worker_id
        assert job.id is not None and worker_id is not None
        give_up = asyncio.get_running_loop().time() + self._patience_seconds
        while True:
            try:
                async with self._database.transaction() as session:
                    if retry_decision is not None:
                        mine = await retry_own_job(session, job.id, worker_id, retry_decision.retry_at)
                    else:
                        mine = await end_own_job(session, job.id, worker_id, status.value)
                break
            except DATABASE_ERRORS as error:
                if not is_away(error) or asyncio.get_running_loop().time() > give_up:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)
        self._job_ids_to_abort.pop(job.id, None)
        if not mine:
            log.info("job_was_taken_over", job_id=job.id)
