"""Who may end a job, and who takes up the jobs of a worker that is gone."""

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


async def test_a_former_owner_ends_nothing(database: Database, viewer: Viewer) -> None:
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


async def test_lost_jobs_are_taken_up_once_and_those_of_the_living_are_left(database: Database, viewer: Viewer) -> None:
    dead, living = await owner_of_jobs(database, silent_seconds=60), await owner_of_jobs(database)
    for _ in range(6):
        await say(database, viewer, await open_session(database, viewer))
    lost = [await fetched(database, dead) for _ in range(3)]
    kept = [await fetched(database, living) for _ in range(3)]

    async def take() -> list[int]:
        async with database.transaction() as session:
            taken = await jobs.take_up_lost(session, 8)
            await asyncio.sleep(0.05)
            return taken

    taken = await asyncio.gather(*(take() for _ in range(8)))
    assert sorted(job for some in taken for job in some) == sorted(lost)
    held = "select array_agg(id order by id) from procrastinate_jobs where status = 'doing'"
    assert await scalar(database, held) == sorted(kept)
    assert await scalar(database, "select max(attempts) from procrastinate_jobs") == 1
    assert await take() == []


async def test_a_job_fetched_with_an_answer_that_was_lost_goes_back(database: Database, viewer: Viewer) -> None:
    mine, other = await owner_of_jobs(database), await owner_of_jobs(database)
    for _ in range(3):
        await say(database, viewer, await open_session(database, viewer))
    runs, strayed, _ = await fetched(database, mine), await fetched(database, mine), await fetched(database, other)
    async with database.transaction() as session:
        assert await jobs.take_up_strays(session, mine, [runs]) == [strayed]
        assert await jobs.take_up_strays(session, mine, [runs]) == []


async def test_an_owner_that_was_given_up_comes_back(database: Database, viewer: Viewer) -> None:
    async with database.transaction() as session:
        await jobs.beat_queue(session, 4711)
    await say(database, viewer, await open_session(database, viewer))
    assert await fetched(database, 4711) == (await job_of(database))["id"]


async def test_a_dropped_worker_is_listed_again_and_knows_how_long_it_was_silent(database: Database) -> None:
    row = Worker(id=new_id(), host="here", pid=1, capacity=1, engines=[])
    async with database.transaction() as session:
        assert await workers.beat(session, row) == 0
        await session.execute(text("update workers set heartbeat_at = now() - interval '9 s'"))
        assert await workers.beat(session, row) > 8
        await workers.leave(session, row.id)
        assert await workers.beat(session, row) == 0
    async with database.reading() as session:
        assert [worker.id for worker in await workers.alive(session, 5)] == [row.id]
