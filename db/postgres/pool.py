"""Connection pool for single statements on plain asyncpg, without SQLAlchemy: for frequent or urgent statements."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from db.postgres.address import Address
from db.postgres.connect import connect

#: A row's values, in the order of the statement's columns. Any: each column has a type of its own.
Row = Sequence[Any]
T = TypeVar("T")

#: Added to the client-side timeout of a statement, so that the server's ``statement_timeout`` comes first.
GRACE_SECONDS = 1.0


class ConnectionPool:
    """Up to ``connections`` connections, opened on demand. Each statement is a transaction of its own.

    Statements run in READ COMMITTED, and cannot write if ``read_only``. They set nothing on a session, so nothing is
    reset on release; asyncpg's own pool makes a task and a timer per statement, half the time of the shortest ones. On
    a ``pooled`` address each statement is put between BEGIN and COMMIT, which carries the settings and keeps Parse and
    Execute on one server connection.

    A statement raises asyncpg's errors (see ``db.postgres.outage``) and ConnectFailed.
    """

    def __init__(
        self, address: Address, *, name: str, connections: int, timeout_seconds: float, read_only: bool = False
    ) -> None:
        self._address = address
        self._name = name
        self._timeout_seconds = timeout_seconds
        self._read_only = read_only
        self._free: list[asyncpg.Connection[asyncpg.Record]] = []
        self._used: set[asyncpg.Connection[asyncpg.Record]] = set()
        self._slots = asyncio.Semaphore(connections)
        self._closed = False

    async def row(self, sql: str, arguments: Sequence[object]) -> Row | None:
        """The first row of the statement's result; None if it has none.

        The server computes only that row: a SELECT of functions with side effects, such as ``pg_notify``, needs `rows`.
        """

        async def fetch(connection: asyncpg.Connection[asyncpg.Record]) -> Row | None:
            row: Row | None = await connection.fetchrow(sql, *arguments)
            return row

        return await self._run(fetch)

    async def rows(self, sql: str, arguments: Sequence[object]) -> Sequence[Row]:
        """All rows of the statement's result."""

        async def fetch(connection: asyncpg.Connection[asyncpg.Record]) -> Sequence[Row]:
            rows: Sequence[Row] = await connection.fetch(sql, *arguments)
            return rows

        return await self._run(fetch)

    def close(self) -> None:
        """Terminates all connections, with their running statements."""
        self._closed = True
        for each in (*self._free, *self._used):
            each.terminate()
        self._free.clear()

    async def _run(self, fetch: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[T]]) -> T:
        async with self._slots:
            connection = await self._acquire()
            try:
                if not self._address.pooled:
                    return await fetch(connection)
                await connection.execute(self._begin)
                result = await fetch(connection)
                await connection.execute("commit")
                return result
            except asyncpg.ReadOnlySQLTransactionError:  # a standby after a failover: reconnect to find the primary
                connection.terminate()
                raise
            finally:
                self._release(connection)

    @property
    def _begin(self) -> str:
        mode = " read only" if self._read_only else ""
        local = "; ".join(f"set local {name} = '{value}'" for name, value in self._timeouts.items())
        return f"begin isolation level read committed{mode}; {local}"

    @property
    def _timeouts(self) -> dict[str, str]:
        milliseconds = str(max(1, int(self._timeout_seconds * 1000)))
        return {"statement_timeout": milliseconds, "idle_in_transaction_session_timeout": milliseconds}

    async def _acquire(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._closed:  # while the caller waited for a slot
            raise asyncpg.InterfaceError("connection is closed")
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                break
        else:
            connection = await self._connect()
        self._used.add(connection)
        return connection

    def _release(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._used.discard(connection)
        if connection.is_closed():  # asyncpg's other methods raise then
            return
        if self._closed or connection.is_in_transaction():  # interrupted between BEGIN and COMMIT
            connection.terminate()
        else:
            self._free.append(connection)

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        return await connect(
            self._address,
            name=self._name,
            timeout_seconds=self._timeout_seconds,
            statement_seconds=self._timeout_seconds + GRACE_SECONDS,
            timezone="UTC",
            # Few statements, run often: a generic plan is reused, and JIT compilation would not pay.
            plan_cache_mode="force_generic_plan",
            max_parallel_workers_per_gather="0",
            jit="off",
            **({"default_transaction_read_only": "on"} if self._read_only else {}),
            **self._timeouts,
        )
