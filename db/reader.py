"""Single statements that only read, past the ORM: for what is asked often and answered as Postgres writes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import URL

from db.address import asyncpg_url

Row = Sequence[Any]


class Reader:
    """A pool of connections of its own, which are given back as they are: nothing is ever set on them.

    Its statements raise what asyncpg raises; who asks has a slower way, or knows how to wait.
    """

    def __init__(self, url: URL, *, connections: int, timeout_seconds: float) -> None:
        self._url = url
        self._connections = connections
        self._timeout_seconds = timeout_seconds
        self._opening = asyncio.Lock()
        self._opened: asyncpg.Pool[asyncpg.Record] | None = None

    async def row(self, sql: str, arguments: Sequence[Any]) -> Row | None:
        """The first row."""
        async with self._connection() as connection:
            row: Row | None = await connection.fetchrow(sql, *arguments)
        return row

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        """All rows."""
        async with self._connection() as connection:
            rows: Sequence[Row] = await connection.fetch(sql, *arguments)
        return rows

    def close(self) -> None:
        """Cuts its connections: what they were asked is asked no more."""
        if self._opened is not None:
            self._opened.terminate()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        pool = self._opened or await self._open()
        async with pool.acquire(timeout=self._timeout_seconds) as connection:
            yield connection

    async def _open(self) -> asyncpg.Pool[asyncpg.Record]:
        async with self._opening:
            if self._opened is None:
                self._opened = await asyncpg.create_pool(
                    asyncpg_url(self._url),
                    min_size=0,
                    max_size=self._connections,
                    timeout=self._timeout_seconds,
                    command_timeout=self._timeout_seconds,
                    reset=_leave,
                    server_settings={
                        "application_name": "voxloom-reader",
                        "default_transaction_read_only": "on",
                        "statement_timeout": str(max(1, int(self._timeout_seconds * 1000))),
                        "timezone": "UTC",
                        # The same few statements again and again: none is worth another plan, or machine code.
                        "plan_cache_mode": "force_generic_plan",
                        "max_parallel_workers_per_gather": "0",
                        "jit": "off",
                    },
                )
            return self._opened


async def _leave(_: object) -> None:
    """Nothing was changed on the connection, so nothing is reset."""
