"""Stops cancelled turns that run on this worker: by NOTIFY, and by polling in case a notification is lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import UUID

import structlog

from db.commands.turns import CANCELLED_CHANNEL
from db.logs import error_fields
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS
from db.turns.claims import find_ended
from inference.worker.runner import TurnRunner

log = structlog.get_logger(__name__)


class CancelWatch:
    """Holds one LISTEN connection. ``poll_seconds``: the delay of a cancellation whose notification was lost."""

    def __init__(self, database: Database, runner: TurnRunner, *, poll_seconds: float = 1) -> None:
        self._database = database
        self._runner = runner
        self._poll_seconds = poll_seconds

    async def run(self) -> None:
        """Watches until cancelled; reconnects when the connection is lost."""
        while True:
            try:
                connection = await self._database.connect()
                try:
                    await connection.add_listener(CANCELLED_CHANNEL, self._on_notify)
                    while True:
                        await asyncio.sleep(self._poll_seconds)
                        await self._poll()
                        await connection.execute("select 1")  # a dead connection raises only when used
                finally:
                    connection.terminate()
            except DATABASE_ERRORS as error:
                log.warning("cancel_watch_lost", **error_fields(error))
                await asyncio.sleep(self._poll_seconds)

    def _on_notify(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        with suppress(ValueError):
            self._runner.stop(UUID(str(payload)))

    async def _poll(self) -> None:
        running = self._runner.running
        if running:
            async with self._database.reading() as session:
                ended = await find_ended(session, running)
            for turn_id in ended:
                self._runner.stop(turn_id)
