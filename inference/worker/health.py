"""A container's health check (``python -m inference.worker.health``): exit code 0 if this host's worker lives, else 1.

It reads the worker's heartbeat in the database: a process that exists may still be stuck.
"""

from __future__ import annotations

import asyncio
import socket
import sys

from db.errors import BadUserInput
from db.logs import error_fields
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS
from db.queue import workers
from inference.settings import InferenceSettings


async def healthy(database: Database, within_seconds: float) -> bool:
    """Whether a worker of this host has a heartbeat of the last ``within_seconds``."""
    async with database.reading() as session:
        living = await workers.alive(session, within_seconds)
    return any(worker.host == socket.gethostname() for worker in living)


async def main() -> int:
    settings = InferenceSettings()
    if settings.database_url is None:
        sys.exit("Set DATABASE_URL.")
    database = Database(
        settings.database_url,
        listen_url=settings.listen_url,
        pool=2,
        timeout_seconds=settings.database_timeout_seconds,
    )
    try:
        return 0 if await healthy(database, settings.lost_worker_seconds) else 1
    finally:
        await database.close()


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except BadUserInput as refused:
        sys.exit(refused.message)
    except DATABASE_ERRORS as failed:
        sys.exit(" ".join(error_fields(failed).values()))
