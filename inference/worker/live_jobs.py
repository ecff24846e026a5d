"""Owner of the jobs of live turns: a worker's row in the queue that fetches nothing.

The job of a live turn is written as one that is being done, by a worker whose heartbeat this process sends. If the
process dies, other workers requeue it as they do each other's. It is not the row of the process's ``QueueWorker``,
which would take a job that it did not fetch for a stray.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS, run_forever
from db.queue.jobs import register_worker, send_queue_heartbeat, unregister_worker


class LiveJobOwner:
    """``heartbeat_seconds``: as of the queue's workers."""

    def __init__(self, database: Database, *, heartbeat_seconds: float) -> None:
        self._database = database
        self._heartbeat_seconds = heartbeat_seconds
        self._id: int | None = None
        self._registering = asyncio.Lock()

    async def worker_id(self) -> int:
        """The id of the row that owns the jobs; registers it at the first call. Raises database errors."""
        async with self._registering:
            if self._id is None:
                self._id = await self._database.run(register_worker)
        return self._id

    async def run(self) -> None:
        """Sends heartbeats until cancelled; database outages are logged and outlasted. Another process may have deleted
        the row meanwhile: a heartbeat inserts it again."""
        await run_forever(self._beat, lost="live_heartbeat_lost", pause_seconds=self._heartbeat_seconds)

    async def _beat(self) -> None:
        worker_id = await self.worker_id()
        await self._database.run(lambda session: send_queue_heartbeat(session, worker_id))

    async def leave(self) -> None:
        """Deletes the row; if the database is unavailable, others do when the heartbeat has expired."""
        if self._id is not None:
            worker_id = self._id
            with suppress(*DATABASE_ERRORS):
                await self._database.run(lambda session: unregister_worker(session, worker_id))
