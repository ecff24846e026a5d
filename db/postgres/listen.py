"""LISTEN: the one loop that hears a process's notifications from Postgres, over any loss of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import NoReturn

from db.postgres.database import Database
from db.postgres.outage import keep_running

#: Takes the payload of one notification. It must not raise.
Hear = Callable[[str], None]


async def listen(
    database: Database,
    channels: Mapping[str, Hear],
    *,
    check_seconds: float,
    connected: Callable[[], None] | None = None,
) -> NoReturn:
    """Calls the function of a channel with each payload that comes on it, until cancelled; one connection for all.

    A connection that was lost is made again. What was notified in between is not heard: ``connected`` is called
    whenever listening begins, and whoever must not miss anything looks it up as well. ``check_seconds``: how often the
    server is asked whether the connection still is one, for a connection to nowhere says so only then.
    """
    await keep_running(lambda: _until_lost(database, channels, check_seconds, connected), lost="listen_connection_lost")


async def _until_lost(
    database: Database, channels: Mapping[str, Hear], check_seconds: float, connected: Callable[[], None] | None
) -> None:
    """Listens until the connection is lost, which it raises."""
    connection = await database.connect()
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        for channel, hear in channels.items():
            await connection.add_listener(channel, partial(_hand_on, hear))
        if connected is not None:
            connected()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), check_seconds)
            await connection.execute("select 1")
    finally:
        connection.terminate()


def _hand_on(hear: Hear, _connection: object, _pid: int, _channel: str, payload: object) -> None:
    hear(str(payload))
