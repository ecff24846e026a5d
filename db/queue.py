"""The queue of turns: Procrastinate on the same Postgres, filled in the transaction that stores the message."""

from __future__ import annotations

import json
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


async def defer_turn(session: AsyncSession, session_id: UUID, turn_id: UUID) -> None:
    """Queues a turn in the caller's transaction.

    The lock is the session: one turn of a session runs at a time. The caller holds the session's row, so that
    the jobs of a session are numbered in the order of their commits.
    """
    await session.execute(
        _DEFER,
        {"queue": QUEUE, "task": TASK, "lock": str(session_id), "args": json.dumps({"turn_id": str(turn_id)})},
    )


def queue_app(database: Database) -> App:
    """The Procrastinate app of a worker, with a small pool of its own (psycopg)."""
    return App(connector=PsycopgConnector(conninfo=libpq_url(database.url), min_size=1, max_size=4))
