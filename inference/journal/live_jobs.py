"""The queue's jobs of the turns that a process runs in live calls: owned by a worker of the queue that fetches nothing.

A row of its own beside that of the process's ``QueueWorker``: its jobs are no strays of the other, it outlives the
other's reconnects, and its heartbeat goes on while the process drains. If the process dies, the heartbeat expires and
ordinary workers take the turns over.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS, retry_outage, run_forever
from db.queue.jobs import (
    end_jobs_of_ended_turns,
    end_own_job,
    find_own_jobs,
    register_worker,
    requeue_orphaned_jobs,
    retry_own_job,
    send_queue_heartbeat,
    unregister_worker,
)

#: A turn whose attempt has stopped without an end is given back to the queue after this time: a caller who goes on
#: speaking, or who has interrupted the reply, has decided what becomes of it by then.
_GIVE_BACK_SECONDS = 5.0

_SETTLE_SECONDS = 1.0

log = structlog.get_logger(__name__)


class LiveJobOwner:
    """The jobs of one process. ``heartbeat_seconds``: as of the queue's workers."""

    def __init__(self, database: Database, *, heartbeat_seconds: float, patience_seconds: float = 60) -> None:
        self._database = database
        self._heartbeat_seconds = heartbeat_seconds
        self._patience_seconds = patience_seconds
        self._registering = asyncio.Lock()
        self._worker_id: int | None = None
        #: Jobs of turns that run here; the value is when one that has stopped is given back, by the loop's clock.
        self._jobs: dict[int, float | None] = {}
        self._unknown: set[int] = set()

    async def worker_id(self) -> int:
        """The owner's id, registered on first use."""
        async with self._registering:
            if self._worker_id is None:
                register = partial(self._database.run, register_worker)
                self._worker_id = await retry_outage(register, patience_seconds=self._patience_seconds)
            return self._worker_id

    def begun(self, job_id: int) -> None:
        """The turn of the job is committed; it is given back soon unless it is ``run``."""
        self._jobs[job_id] = asyncio.get_running_loop().time() + _GIVE_BACK_SECONDS

    def run_job(self, job_id: int) -> None:
        """An attempt at the job's turn runs."""
        self._jobs[job_id] = None

    def stopped(self, job_id: int) -> None:
        """The attempt has stopped; the turn may be unfinished."""
        if job_id in self._jobs:
            self.begun(job_id)

    async def end(self, job_id: int) -> None:
        """Ends the job of a turn that has ended."""
        worker_id = await self.worker_id()
        ending = partial(self._database.run, partial(_end, job_id, worker_id))
        with suppress(*DATABASE_ERRORS):  # then the next heartbeat finds it
            await retry_outage(ending, patience_seconds=self._patience_seconds)
        self._jobs.pop(job_id, None)

    async def run(self) -> None:
        """The heartbeat, and what becomes of stopped turns, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for work, pause in ((self._beat, self._heartbeat_seconds), (self._settle, _SETTLE_SECONDS)):
                loop = run_forever(work, lost="live_jobs_failed", pause_seconds=pause)
                tasks.create_task(loop, name="live-jobs")

    async def leave(self) -> None:
        """Gives all jobs back to the queue; if the database is unavailable, others do when the heartbeat expires."""
        if self._worker_id is not None:
            with suppress(*DATABASE_ERRORS):
                await self._database.run(partial(_leave, worker_id=self._worker_id))
        self._jobs.clear()

    async def _beat(self) -> None:
        worker_id = await self.worker_id()
        await self._database.run(partial(send_queue_heartbeat, worker_id=worker_id))

    async def _settle(self) -> None:
        """Ends jobs of ended turns; gives back stopped turns, and jobs that nobody here knows (a lost answer).

        An unknown job is given back only when it is found again: a turn may be in the middle of its commit.
        """
        if self._worker_id is None:
            return
        ended = await self._database.run(partial(end_jobs_of_ended_turns, worker_id=self._worker_id))
        owned = set(await self._database.run(partial(find_own_jobs, worker_id=self._worker_id)))
        now = asyncio.get_running_loop().time()
        stopped = {job_id for job_id, until in self._jobs.items() if until is not None and until <= now}
        unknown = owned - self._jobs.keys()
        for job_id in stopped:
            del self._jobs[job_id]
        given_back = (stopped & owned) | (unknown & self._unknown)
        self._unknown = unknown
        for job_id in given_back:
            if job_id in self._jobs:  # meanwhile its turn is known here, or runs again
                continue
            again = partial(retry_own_job, job_id=job_id, worker_id=self._worker_id, retry_at=None)
            await self._database.run(again)
        if ended or given_back:
            log.info("live_jobs_settled", ended=ended, given_back=len(given_back))


async def _end(job_id: int, worker_id: int, session: AsyncSession) -> bool:
    return await end_own_job(session, job_id, worker_id, "succeeded")


async def _leave(session: AsyncSession, worker_id: int) -> None:
    await requeue_orphaned_jobs(session, worker_id, [])
    await unregister_worker(session, worker_id)
