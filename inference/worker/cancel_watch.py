"""Stops cancelled turns that run on this worker: by NOTIFY, and by polling in case a notification is lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import UUID

from db.postgres.database import Database
from db.postgres.listen import listen
from db.postgres.outage import run_forever
from db.turns.claims import find_ended
from db.turns.values import CANCELLED_CHANNEL
from inference.worker.runner import TurnRunner


class CancelWatch:
    """Holds one LISTEN connection. ``poll_seconds``: the delay of a cancellation whose notification was lost."""

    def __init__(self, database: Database, runner: TurnRunner, *, poll_seconds: float = 1) -> None:
        self._database = database
        self._runner = runner
        self._poll_seconds = poll_seconds

    async def run(self) -> None:
        """Watches until cancelled; reconnects when the connection is lost."""
        async with asyncio.TaskGroup() as tasks:
            channels = {CANCELLED_CHANNEL: self._hear}
            tasks.create_task(
                listen(self._database, channels, check_seconds=self._poll_seconds), name="cancel-watch-listen"
            )
            poll = run_forever(self._poll, lost="cancel_poll_failed", pause_seconds=self._poll_seconds)
            tasks.create_task(poll, name="cancel-watch-poll")

    def _hear(self, payload: str) -> None:
        with suppress(ValueError):
            self._runner.stop(UUID(payload))

    async def _poll(self) -> None:
        running = self._runner.running
        if running:
            async with self._database.reading() as session:
                ended = await find_ended(session, running)
            for turn_id in ended:
                self._runner.stop(turn_id)
