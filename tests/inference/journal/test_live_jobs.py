"""Jobs of live turns belong to a worker's row of their own, which lives as long as its process sends heartbeats."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from db.postgres.database import Database
from db.queue.jobs import requeue_jobs_of_dead_workers, requeue_orphaned_jobs, retry_own_job
from db.viewer import Viewer
from inference.journal.live_jobs import LiveJobOwner
from tests.db.jobs import fetched, job_of, owner_of_jobs
from tests.db.rows import eventually, open_session, say, scalar


async def test_others_take_the_job_when_the_heartbeat_ends_and_not_before(database: Database, viewer: Viewer) -> None:
    await say(database, viewer, await open_session(database, viewer), "hello")
    owner = LiveJobOwner(database, heartbeat_seconds=0.05)
    job = await fetched(database, await owner.worker_id())
    await _execute(database, "update procrastinate_workers set last_heartbeat = now() - interval '1 hour'")
    beating = asyncio.create_task(owner.run())
    recent = "select last_heartbeat > now() - interval '1 minute' from procrastinate_workers"
    await eventually(lambda: scalar(database, recent))
    assert await _requeued(database) == []
    other = await owner_of_jobs(database)
    async with database.transaction() as session:  # another queue worker of the same process
        assert await requeue_orphaned_jobs(session, other, []) == []
    await _execute(database, "delete from procrastinate_workers")  # pruned while the process was stopped
    await eventually(lambda: scalar(database, recent))
    assert (await job_of(database))["status"] == "doing"
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
    await owner.leave()
    assert await _requeued(database) == [job]


async def test_a_job_whose_turn_becomes_known_while_others_are_given_back_is_kept(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = LiveJobOwner(database, heartbeat_seconds=60)
    for _ in range(2):
        await say(database, viewer, await open_session(database, viewer), "hello")
    held = {await fetched(database, await owner.worker_id()) for _ in range(2)}
    given_back: list[int] = []

    async def retry(session: AsyncSession, *, job_id: int, **given: Any) -> bool:
        given_back.append(job_id)
        for other in held - {job_id}:
            owner.run_job(other)
        return await retry_own_job(session, job_id=job_id, **given)

    monkeypatch.setattr("inference.journal.live_jobs.retry_own_job", retry)
    for _ in range(2):  # what is found a second time
        await owner._settle()
    assert len(given_back) == 1
    kept = await scalar(database, "select array_agg(id) from procrastinate_jobs where status = 'doing'")
    assert {*kept, *given_back} == held


async def test_leaving_without_a_live_turn_touches_nothing(database: Database) -> None:
    await LiveJobOwner(database, heartbeat_seconds=1).leave()
    async with database.reading() as session:
        assert (await session.execute(text("select count(*) from procrastinate_workers"))).scalar_one() == 0


async def _requeued(database: Database) -> list[int]:
    async with database.transaction() as session:
        return await requeue_jobs_of_dead_workers(session, 5)


async def _execute(database: Database, statement: str) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement))
