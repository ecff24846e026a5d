"""The queue of turns: Procrastinate on the same Postgres, filled in the transaction that stores the message."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from procrastinate import App, PsycopgConnector
from psycopg import AsyncConnection, IsolationLevel, OperationalError
from psycopg.conninfo import make_conninfo
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from db.postgres.database import Database

QUEUE = "turns"
TASK = "run_turn"

_RECONNECT_SECONDS = 5

#: What a server tells of itself unasked (from Postgres 14 on).
_READ_ONLY_STATUS = ("default_transaction_read_only", "in_hot_standby")

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
_BEAT = text("""
insert into procrastinate_workers (id, last_heartbeat) overriding system value values (:worker, now())
on conflict (id) do update set last_heartbeat = excluded.last_heartbeat
""")
_STRAY = text("""
with stray as materialized (
  select id from procrastinate_jobs
  where worker_id = :worker and status = 'doing' and not id = any(cast(:running as bigint[]))
  for update
), again as materialized (
  select id, procrastinate_retry_job_v2(id, now(), null, null, null) from stray
)
select id from again
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


async def beat_queue(session: AsyncSession, worker_id: int) -> None:
    """Says that the owner of jobs lives; one that was given up meanwhile is one again."""
    await session.execute(_BEAT, {"worker": worker_id})


async def take_up_strays(session: AsyncSession, worker_id: int, running: Sequence[int]) -> list[int]:
    """Queues again what this worker owns but does not run: jobs that it fetched with an answer that was lost."""
    return list(await session.scalars(_STRAY, {"worker": worker_id, "running": list(running)}))


async def take_up_lost(session: AsyncSession, silent_seconds: float) -> list[int]:
    """Queues again the jobs of workers without a sign of life for that long, each once however many ask; their ids."""
    return list(await session.scalars(_TAKE_UP, {"queue": QUEUE, "silent": silent_seconds}))


def queue_app(database: Database) -> App:
    """The Procrastinate app of a worker, with a small pool of its own (psycopg).

    The pool starts empty, so that a worker can start before its database. It gives an attempt to connect up early: the
    pauses double, so that a new attempt finds a database that is back sooner than an old one.
    """
    bound = max(1, int(database.timeout_seconds * 1000))

    async def configure(connection: AsyncConnection) -> None:
        """As on all other connections: isolation and bounds are stated, and a server that cannot write is left."""
        if "on" in (connection.info.parameter_status(each) for each in _READ_ONLY_STATUS):
            raise OperationalError("The server is read-only.")
        await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)
        settings = {
            "default_transaction_isolation": "read committed",
            "statement_timeout": str(bound),
            "idle_in_transaction_session_timeout": str(bound),
        }
        for name, value in settings.items():
            await connection.execute("select set_config(%s, %s, false)", (name, value))
        if not connection.autocommit:
            await connection.commit()

    return App(
        connector=PsycopgConnector(
            conninfo=make_conninfo(
                database.direct.conninfo,
                application_name="voxloom-queue",
                connect_timeout=max(2, math.ceil(database.timeout_seconds)),
            ),
            min_size=0,
            max_size=4,
            timeout=database.timeout_seconds,
            reconnect_timeout=_RECONNECT_SECONDS,
            configure=configure,
        )
    )
