"""LISTEN loop: receives notifications of Postgres (LISTEN/NOTIFY) and reconnects after a lost connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import NoReturn

from db.postgres.database import Database
from db.postgres.outage import run_forever

#: Handler of a notification's payload. It must not raise.
Handler = Callable[[str], None]


async def listen(
    database: Database,
    channels: Mapping[str, Handler],
    *,
    check_seconds: float,
    connected: Callable[[], None] | None = None,
) -> NoReturn:
    """Listens on all ``channels`` with one connection and calls their handlers, until cancelled.

    Reconnects after a lost connection; notifications in between are lost, so ``connected`` is called at every start for
    the caller to look up what it missed. ``check_seconds``: interval of a keep-alive query, which detects a half-open
    connection.
    """
    await run_forever(lambda: _until_lost(database, channels, check_seconds, connected), lost="listen_connection_lost")


async def _until_lost(
    database: Database, channels: Mapping[str, Handler], check_seconds: float, connected: Callable[[], None] | None
) -> None:
    """Listens until the connection is lost; then raises."""
    connection = await database.connect()
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        for channel, handler in channels.items():
            await connection.add_listener(channel, partial(_handle, handler))
        if connected is not None:
            connected()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), check_seconds)
            await connection.execute("select 1")
    finally:
        connection.terminate()


def _handle(handler: Handler, _connection: object, _pid: int, _channel: str, payload: object) -> None:
    handler(str(payload))
