"""Jobs of live turns belong to a worker's row of their own, which lives as long as its process sends heartbeats."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from db.postgres.database import Database
from db.queue.jobs import requeue_jobs_of_dead_workers, requeue_orphaned_jobs
from db.viewer import Viewer
from inference.journal.live_jobs import LiveJobOwner
from tests.db.jobs import fetched, job_of, owner_of_jobs
from tests.db.rows import open_session, say


async def test_others_take_the_job_when_the_heartbeat_ends_and_not_before(database: Database, viewer: Viewer) -> None:
    await say(database, viewer, await open_session(database, viewer), "hello")
    owner = LiveJobOwner(database, heartbeat_seconds=0.05)
    job = await fetched(database, await owner.worker_id())
    await _execute(database, "update procrastinate_workers set last_heartbeat = now() - interval '1 hour'")
    beating = asyncio.create_task(owner.run())
    await asyncio.sleep(0.2)
    assert await _requeued(database) == []
    other = await owner_of_jobs(database)
    async with database.transaction() as session:  # another queue worker of the same process
        assert await requeue_orphaned_jobs(session, other, []) == []
    await _execute(database, "delete from procrastinate_workers")  # pruned while the process was stopped
    await asyncio.sleep(0.2)
    assert (await job_of(database))["status"] == "doing"
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
    await owner.leave()
    assert await _requeued(database) == [job]


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
