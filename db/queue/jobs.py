"""Job queue of turns (Procrastinate): enqueue, end, retry and recover jobs.

A job is written in the transaction of its message (transactional outbox).
"""

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

#: Parameters that a server reports by itself (since Postgres 14).
_READ_ONLY_STATUS = ("default_transaction_read_only", "in_hot_standby")

_DEFER = text(
    "select procrastinate_defer_jobs_v1(array[row(:queue, :task, 0, :lock, null, cast(:args as jsonb), null)"
    "::procrastinate_job_to_defer_v1])"
)


# Each statement locks its jobs first, so that a job whose owner or status has just changed is not touched.
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
_HEARTBEAT = text("""
insert into procrastinate_workers (id, last_heartbeat) overriding system value values (:worker, now())
on conflict (id) do update set last_heartbeat = excluded.last_heartbeat
""")
_REQUEUE_ORPHANED = text("""
with stray as materialized (
  select id from procrastinate_jobs
  where worker_id = :worker and status = 'doing' and not id = any(cast(:running as bigint[]))
  for update
), again as materialized (
  select id, procrastinate_retry_job_v2(id, now(), null, null, null) from stray
)
select id from again
""")
_REGISTER = text("select worker_id from procrastinate_register_worker_v1()")
_UNREGISTER = text("select procrastinate_unregister_worker_v1(:worker)")
_DELETE_OWN = text("""
delete from procrastinate_jobs
where lock = :lock and status = 'doing' and worker_id = :worker and args = cast(:args as jsonb)
""")
_OWN = text("""
insert into procrastinate_jobs (queue_name, task_name, lock, args, status, worker_id)
values (:queue, :task, :lock, cast(:args as jsonb), 'doing', :worker) returning id
""")
_FIND_OWN = text("select id from procrastinate_jobs where worker_id = :worker and status = 'doing'")
_END_ENDED = text("""
with over as materialized (
  select job.id from procrastinate_jobs job join turns on turns.id = (job.args ->> 'turn_id')::uuid
  where job.worker_id = :worker and job.status = 'doing' and turns.status in ('COMPLETED', 'FAILED', 'CANCELLED')
  for update of job
)
select procrastinate_finish_job_v1(id, 'succeeded', true) from over
""")
_REQUEUE_DEAD = text("""
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
    """Enqueues a turn in the caller's transaction.

    The job's lock is the session: one turn of a session runs at a time. The caller locks the session's row, so that
    job ids of a session are in commit order.
    """
    await session.execute(
        _DEFER,
        {"queue": QUEUE, "task": TASK, "lock": str(session_id), "args": json.dumps({"turn_id": str(turn_id)})},
    )


async def end_own_job(session: AsyncSession, job_id: int, worker_id: int, status: str) -> bool:
    """Ends a job if this worker still owns it; deletes it if it succeeded. Returns whether it was ended."""
    ended = await session.execute(
        _END, {"id": job_id, "worker": worker_id, "status": status, "delete": status == "succeeded"}
    )
    return ended.first() is not None


async def retry_own_job(session: AsyncSession, job_id: int, worker_id: int, retry_at: datetime | None) -> bool:
    """Requeues a job if this worker still owns it. Returns whether it was requeued."""
    at = retry_at or datetime.now(UTC)
    return (await session.execute(_RETRY, {"id": job_id, "worker": worker_id, "at": at})).first() is not None


async def send_queue_heartbeat(session: AsyncSession, worker_id: int) -> None:
    """Writes the heartbeat of a Procrastinate worker; registers it again if it was removed."""
    await session.execute(_HEARTBEAT, {"worker": worker_id})


async def register_worker(session: AsyncSession) -> int:
    """Registers a Procrastinate worker, which may own jobs as long as it sends heartbeats; returns its id."""
    return int((await session.execute(_REGISTER)).scalar_one())


async def unregister_worker(session: AsyncSession, worker_id: int) -> None:
    """Deletes the worker's row; jobs that it still owns are requeued by others."""
    await session.execute(_UNREGISTER, {"worker": worker_id})


async def own_running_job(session: AsyncSession, session_id: UUID, turn_id: UUID, worker_id: int) -> int:
    """Writes the job of a turn that runs already, owned by the worker; replaces the worker's own job of that turn.

    Returns its id. The caller locks the session's row. Raises an IntegrityError while another job of the session runs.
    """
    mine = {"lock": str(session_id), "args": json.dumps({"turn_id": str(turn_id)}), "worker": worker_id}
    await session.execute(_DELETE_OWN, mine)
    return int((await session.execute(_OWN, {**mine, "queue": QUEUE, "task": TASK})).scalar_one())


async def end_jobs_of_ended_turns(session: AsyncSession, worker_id: int) -> int:
    """Ends the worker's jobs whose turns have ended, as by a client's command; returns their number."""
    return len((await session.execute(_END_ENDED, {"worker": worker_id})).all())


async def find_own_jobs(session: AsyncSession, worker_id: int) -> list[int]:
    """The ids of the jobs that the worker owns."""
    return list(await session.scalars(_FIND_OWN, {"worker": worker_id}))


async def requeue_orphaned_jobs(session: AsyncSession, worker_id: int, running: Sequence[int]) -> list[int]:
    """Requeues jobs that this worker owns but does not run (the answer of the fetch was lost); returns their ids."""
    return list(await session.scalars(_REQUEUE_ORPHANED, {"worker": worker_id, "running": list(running)}))


async def requeue_jobs_of_dead_workers(session: AsyncSession, silent_seconds: float) -> list[int]:
    """Requeues the jobs of workers without a heartbeat for ``silent_seconds``; returns their ids."""
    return list(await session.scalars(_REQUEUE_DEAD, {"queue": QUEUE, "silent": silent_seconds}))


def queue_app(database: Database) -> App:
    """The Procrastinate app of a worker, with its own small psycopg pool.

    The pool starts empty, so that a worker can start before its database. A connection attempt is abandoned early, as
    its waits double: a new attempt reconnects sooner after an outage.
    """
    milliseconds = str(max(1, int(database.timeout_seconds * 1000)))

    async def configure(connection: AsyncConnection) -> None:
        """Sets isolation level and timeouts, as on all connections, and refuses a read-only server."""
        if "on" in (connection.info.parameter_status(each) for each in _READ_ONLY_STATUS):
            raise OperationalError("The server is read-only.")
        await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)
        settings = {
            "default_transaction_isolation": "read committed",
            "statement_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds,
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
