"""The watch for cancelled turns reconnects after any error of its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.errors import ConnectFailed
from db.postgres.database import Database
from db.postgres.outage import is_outage
from inference.worker.cancel_watch import CancelWatch
from inference.worker.runner import TurnRunner
from tests.db.rows import eventually

ENDS: list[Exception] = [
    asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    ConnectFailed("h:5432/d: Connection refused", transient=True),
]


class Watched(Database):
    """A database whose connections fail with these errors in order."""

    def __init__(self, url: str, ends: Iterator[Exception]) -> None:
        super().__init__(url)
        self._ends = ends
        self.asked = 0

    async def connect(self) -> Any:
        self.asked += 1
        raise next(self._ends, ConnectFailed("h:5432/d: Connection refused", transient=True))


class Busy:
    """A runner of these turns."""

    def __init__(self, *running: UUID) -> None:
        self.running = running
        self.stopped: list[UUID] = []

    def stop(self, turn_id: UUID) -> None:
        self.stopped.append(turn_id)


@pytest.mark.parametrize("error", ENDS, ids=lambda error: type(error).__name__)
def test_a_broken_connection_is_one_to_try_again_after(error: Exception) -> None:
    assert is_outage(error)


async def test_the_watch_goes_on(database_url: str) -> None:
    database = Watched(database_url, iter(ENDS))
    watching = asyncio.create_task(CancelWatch(database, cast("TurnRunner", Busy()), poll_seconds=0.01).run())

    async def tried_all() -> bool:
        return watching.done() or database.asked > len(ENDS)

    await eventually(tried_all)
    assert not watching.done()
    watching.cancel()
    await database.close()


async def test_without_notifications_a_poll_finds_what_ended(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_id = uuid4()

    async def ended(_: object, running: Collection[UUID]) -> list[UUID]:
        return list(running)

    monkeypatch.setattr("inference.worker.cancel_watch.find_ended", ended)
    database, runner = Watched(database_url, iter(ENDS)), Busy(turn_id)
    watching = asyncio.create_task(CancelWatch(database, cast("TurnRunner", runner), poll_seconds=0.01).run())

    async def stopped() -> bool:
        return bool(runner.stopped)

    await eventually(stopped)
    assert runner.stopped[0] == turn_id
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await database.close()
