"""A container's health check (``python -m inference.worker.health``): exit code 0 if this host's worker lives, else 1.

It reads the worker's heartbeat in the database: a process that exists may still be stuck.
"""

from __future__ import annotations

import asyncio
import socket

from db.entry_point import run_command
from db.errors import BadUserInput
from db.load_settings import load_settings
from db.postgres.database import Database
from db.queue import workers
from inference.settings import InferenceSettings


async def healthy(database: Database, within_seconds: float) -> bool:
    """Whether a worker of this host has a heartbeat of the last ``within_seconds``."""
    async with database.reading() as session:
        living = await workers.find_alive(session, within_seconds)
    return any(worker.host == socket.gethostname() for worker in living)


async def main() -> int:
    settings = load_settings(InferenceSettings)
    if settings.database_url is None:
        raise BadUserInput("Set DATABASE_URL.")
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
    run_command(lambda: asyncio.run(main()))
