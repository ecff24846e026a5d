"""Ownership of jobs, and recovery (failover) of the jobs of dead workers."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from db.ids import new_id
from db.models.workers import Worker
from db.postgres.database import Database
from db.queue import jobs, workers
from db.viewer import Viewer
from tests.db.jobs import fetched, job_of, owner_of_jobs
from tests.db.rows import open_session, say, scalar


async def test_a_former_owner_cannot_end_a_job(database: Database, viewer: Viewer) -> None:
    await say(database, viewer, await open_session(database, viewer))
    zombie, heir = await owner_of_jobs(database), await owner_of_jobs(database)
    job = await fetched(database, zombie)
    async with database.transaction() as session:
        assert await jobs.retry_own_job(session, job, zombie, None)
    assert await fetched(database, heir) == job
    before = await job_of(database)
    async with database.transaction() as session:
        assert not await jobs.end_own_job(session, job, zombie, "succeeded")
        assert not await jobs.end_own_job(session, job, zombie, "failed")
        assert not await jobs.retry_own_job(session, job, zombie, None)
    assert await job_of(database) == before
    async with database.transaction() as session:
        assert await jobs.end_own_job(session, job, heir, "succeeded")
    assert await scalar(database, "select count(*) from procrastinate_jobs") == 0


async def test_only_jobs_of_dead_workers_are_requeued_and_once(database: Database, viewer: Viewer) -> None:
    dead, living = await owner_of_jobs(database, silent_seconds=60), await owner_of_jobs(database)
    for _ in range(6):
        await say(database, viewer, await open_session(database, viewer))
    lost = [await fetched(database, dead) for _ in range(3)]
    kept = [await fetched(database, living) for _ in range(3)]

    async def take() -> list[int]:
        async with database.transaction() as session:
            taken = await jobs.requeue_jobs_of_dead_workers(session, 8)
            await asyncio.sleep(0.05)
            return taken

    taken = await asyncio.gather(*(take() for _ in range(8)))
    assert sorted(job for some in taken for job in some) == sorted(lost)
    held = "select array_agg(id order by id) from procrastinate_jobs where status = 'doing'"
    assert await scalar(database, held) == sorted(kept)
    assert await scalar(database, "select max(attempts) from procrastinate_jobs") == 1
    assert await take() == []


async def test_a_job_whose_fetch_lost_its_answer_is_requeued(database: Database, viewer: Viewer) -> None:
    mine, other = await owner_of_jobs(database), await owner_of_jobs(database)
    for _ in range(3):
        await say(database, viewer, await open_session(database, viewer))
    runs, strayed, _ = await fetched(database, mine), await fetched(database, mine), await fetched(database, other)
    async with database.transaction() as session:
        assert await jobs.requeue_orphaned_jobs(session, mine, [runs]) == [strayed]
        assert await jobs.requeue_orphaned_jobs(session, mine, [runs]) == []


async def test_a_removed_queue_worker_registers_again(database: Database, viewer: Viewer) -> None:
    async with database.transaction() as session:
        await jobs.send_queue_heartbeat(session, 4711)
    await say(database, viewer, await open_session(database, viewer))
    assert await fetched(database, 4711) == (await job_of(database))["id"]


async def test_a_deleted_worker_registers_again_with_its_next_heartbeat(database: Database) -> None:
    row = Worker(id=new_id(), host="here", pid=1, capacity=1, engines=[])
    async with database.transaction() as session:
        assert await workers.heartbeat(session, row) == 0
        await session.execute(text("update workers set heartbeat_at = now() - interval '9 s'"))
        assert await workers.heartbeat(session, row) > 8
        await workers.deregister(session, row.id)
        assert await workers.heartbeat(session, row) == 0
    async with database.reading() as session:
        assert [worker.id for worker in await workers.find_alive(session, 5)] == [row.id]
