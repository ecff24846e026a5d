"""The queue of turns: Procrastinate on the same Postgres, filled in the transaction that stores the message."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

from procrastinate import App, PsycopgConnector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from db.address import libpq_url
from db.engine import Database

QUEUE = "turns"
TASK = "run_turn"

_DEFER = text(
    "select procrastinate_defer_jobs_v1(array[row(:queue, :task, 0, :lock, null, cast(:args as jsonb), null)"
    "::procrastinate_job_to_defer_v1])"
)


# Each finds its jobs and locks them first, so that a job whose owner or status has just changed is left alone.
_END = text("""
with own as materialized (
  select id from procrastinate_jobs where id = :id and worker_id = :worker and status = 'doing' for update
)
select procrastinate_finish_job_v1(id, cast(:status as procrastinate_job_status), :delete) from own
""")
_RETRY = text("""
with own as materialized (
  select id from procrastinate_jobs where id = :id and worker_id = :worker and status = 'doing' for update
)
select procrastinate_retry_job_v2(id, :at, null, null, null) from own
""")
_TAKE_UP = text("""
with lost as materialized (
  select job.id
  from procrastinate_jobs job left join procrastinate_workers worker on worker.id = job.worker_id
  where job.queue_name = :queue and job.status = 'doing'
    and (worker.id is null or worker.last_heartbeat < now() - make_interval(secs => :silent))
  for update of job skip locked
), again as materialized (
  select id, procrastinate_retry_job_v2(id, now(), null, null, null) from lost
)
select id from again
""")


async def defer_turn(session: AsyncSession, session_id: UUID, turn_id: UUID) -> None:
    """Queues a turn in the caller's transaction.

    The lock is the session: one turn of a session runs at a time. The caller holds the session's row, so that
    the jobs of a session are numbered in the order of their commits.
    """
    await session.execute(
        _DEFER,
        {"queue": QUEUE, "task": TASK, "lock": str(session_id), "args": json.dumps({"turn_id": str(turn_id)})},
    )


async def end_own_job(session: AsyncSession, job_id: int, worker_id: int, status: str) -> bool:
    """Ends a job that this worker still holds: a successful one is deleted. Returns whether it did."""
    ended = await session.execute(
        _END, {"id": job_id, "worker": worker_id, "status": status, "delete": status == "succeeded"}
    )
    return ended.first() is not None


async def retry_own_job(session: AsyncSession, job_id: int, worker_id: int, retry_at: datetime | None) -> bool:
    """Queues a job that this worker still holds again. Returns whether it did."""
    at = retry_at or datetime.now(UTC)
    return (await session.execute(_RETRY, {"id": job_id, "worker": worker_id, "at": at})).first() is not None


async def take_up_lost(session: AsyncSession, silent_seconds: float) -> list[int]:
    """Queues again the jobs of workers without a sign of life for that long, each once however many ask; their ids."""
    return list(await session.scalars(_TAKE_UP, {"queue": QUEUE, "silent": silent_seconds}))


def queue_app(database: Database) -> App:
    """The Procrastinate app of a worker, with a small pool of its own (psycopg)."""
    return App(connector=PsycopgConnector(conninfo=libpq_url(database.url), min_size=1, max_size=4))
