"""Single statements that only read, past the ORM: for what is asked often and answered as Postgres writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from db.address import asyncpg_url
from db.engine import Database

Row = Sequence[Any]


class Reader:
    """A pool of connections of its own, which are given back as they are: nothing is ever set on them.

    Its statements raise what asyncpg raises; who asks has a slower way, which knows how to wait.
    """

    def __init__(self, database: Database, connections: int) -> None:
        self._timeout_seconds = database.timeout_seconds
        bound = str(max(1, int(database.timeout_seconds * 1000)))
        self._pool = asyncpg.create_pool(
            asyncpg_url(database.url),
            min_size=0,
            max_size=connections,
            timeout=database.timeout_seconds,
            command_timeout=database.timeout_seconds,
            reset=_leave,
            server_settings={
                "application_name": "voxloom-reader",
                "default_transaction_read_only": "on",
                "statement_timeout": bound,
                "timezone": "UTC",
                # The same few statements again and again, none of which is worth another plan, or machine code.
                "plan_cache_mode": "force_generic_plan",
                "max_parallel_workers_per_gather": "0",
                "jit": "off",
            },
        )

    async def start(self) -> None:
        await self._pool

    async def row(self, sql: str, arguments: Sequence[Any]) -> Row | None:
        """The first row."""
        async with self._pool.acquire(timeout=self._timeout_seconds) as connection:
            row: Row | None = await connection.fetchrow(sql, *arguments)
        return row

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        """All rows."""
        async with self._pool.acquire(timeout=self._timeout_seconds) as connection:
            rows: Sequence[Row] = await connection.fetch(sql, *arguments)
        return rows

    async def close(self) -> None:
        self._pool.terminate()


async def _leave(_: object) -> None:
    """Nothing was changed on the connection, so nothing is reset."""
