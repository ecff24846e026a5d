"""Single statements that only read, past the ORM: for what is asked often and answered as Postgres writes it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy.engine import URL

from db.address import connect

Row = Sequence[Any]


class Reader:
    """Connections of its own, given back as they are: nothing is ever set on them, so nothing is reset.

    A statement raises what asyncpg raises; who asks has a slower way, or knows how to wait. asyncpg's own pool makes a
    task and a timer for each statement, which is half of what the shortest of them take.
    """

    def __init__(self, url: URL, *, connections: int, timeout_seconds: float) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._free: list[asyncpg.Connection[asyncpg.Record]] = []
        self._used: set[asyncpg.Connection[asyncpg.Record]] = set()
        self._room = asyncio.Semaphore(connections)
        self._closed = False

    async def row(self, sql: str, arguments: Sequence[Any]) -> Row | None:
        """The first row."""
        async with self._room:
            connection = await self._taken()
            try:
                row: Row | None = await connection.fetchrow(sql, *arguments)
            finally:
                self._give_back(connection)
        return row

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        """All rows."""
        async with self._room:
            connection = await self._taken()
            try:
                rows: Sequence[Row] = await connection.fetch(sql, *arguments)
            finally:
                self._give_back(connection)
        return rows

    def close(self) -> None:
        """Cuts its connections: what they were asked is asked no more."""
        self._closed = True
        for each in (*self._free, *self._used):
            each.terminate()
        self._free.clear()

    async def _taken(self) -> asyncpg.Connection[asyncpg.Record]:
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                break
        else:
            connection = await self._connect()
        self._used.add(connection)
        return connection

    def _give_back(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._used.discard(connection)
        if self._closed:
            connection.terminate()
        elif not connection.is_closed():
            self._free.append(connection)

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        return await connect(
            self._url,
            name="voxloom-reader",
            timeout_seconds=self._timeout_seconds,
            statement_seconds=self._timeout_seconds,
            default_transaction_read_only="on",
            statement_timeout=str(max(1, int(self._timeout_seconds * 1000))),
            timezone="UTC",
            # The same few statements again and again: none is worth another plan, or machine code.
            plan_cache_mode="force_generic_plan",
            max_parallel_workers_per_gather="0",
            jit="off",
        )
