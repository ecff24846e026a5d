"""Queue jobs of other workers, for tests of recovery."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from db.postgres.database import Database
from tests.db.rows import scalar


async def owner_of_jobs(database: Database, *, silent_seconds: float = 0) -> int:
    """Registers a Procrastinate worker whose last heartbeat is ``silent_seconds`` old."""
    new = "insert into procrastinate_workers (last_heartbeat) values (now() - make_interval(secs => :s)) returning id"
    async with database.transaction() as session:
        return int((await session.execute(text(new), {"s": silent_seconds})).scalar_one())


async def fetched(database: Database, owner: int) -> int:
    """Fetches the next job of the queue for that worker; returns its id."""
    fetch = text("select id from procrastinate_fetch_job_v2(array['turns'], :owner)")
    async with database.transaction() as session:
        return int((await session.execute(fetch, {"owner": owner})).scalar_one())


async def job_of(database: Database) -> dict[str, Any]:
    """The only job of the queue."""
    job: dict[str, Any] = await scalar(database, "select to_jsonb(job) from procrastinate_jobs job")
    return job
