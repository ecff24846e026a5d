"""Plain asyncpg connections for single statements, past SQLAlchemy: for what is asked often, or must be quick."""

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

#: How much later a statement's end is given up on this side: the server, if it is there, says so first.
GRACE_SECONDS = 1.0


class Connections:
    """Some connections of its own, opened when they are first needed, each statement its own transaction.

    Nothing is ever set on them, so nothing is reset when they are given back; asyncpg's own pool makes a task and a
    timer for each statement, which is half of what the shortest of them take. A statement runs in READ COMMITTED,
    ``read_only`` ones cannot write. On an address that is ``pooled`` each is put between BEGIN and COMMIT, which states
    what cannot be left on the session, and keeps Parse and Execute on one server connection.

    A statement raises what asyncpg raises (``db.postgres.outage`` tells what it means), and ConnectFailed.
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
        self._room = asyncio.Semaphore(connections)
        self._closed = False

    async def row(self, sql: str, arguments: Sequence[object]) -> Row | None:
        """The first row of the statement's result, None if it has none.

        The server computes no further row: a SELECT whose functions do something, such as ``pg_notify``, needs `rows`.
        """

        async def ask(connection: asyncpg.Connection[asyncpg.Record]) -> Row | None:
            row: Row | None = await connection.fetchrow(sql, *arguments)
            return row

        return await self._run(ask)

    async def rows(self, sql: str, arguments: Sequence[object]) -> Sequence[Row]:
        """All rows of the statement's result."""

        async def ask(connection: asyncpg.Connection[asyncpg.Record]) -> Sequence[Row]:
            rows: Sequence[Row] = await connection.fetch(sql, *arguments)
            return rows

        return await self._run(ask)

    def close(self) -> None:
        """Cuts the connections: what they were asked is asked no more."""
        self._closed = True
        for each in (*self._free, *self._used):
            each.terminate()
        self._free.clear()

    async def _run(self, ask: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[T]]) -> T:
        async with self._room:
            connection = await self._taken()
            try:
                if not self._address.pooled:
                    return await ask(connection)
                await connection.execute(self._begin)
                answer = await ask(connection)
                await connection.execute("commit")
                return answer
            except asyncpg.ReadOnlySQLTransactionError:  # a standby, or demoted: the next connection may find another
                connection.terminate()
                raise
            finally:
                self._give_back(connection)

    @property
    def _begin(self) -> str:
        mode = " read only" if self._read_only else ""
        local = "; ".join(f"set local {name} = '{value}'" for name, value in self._bounds.items())
        return f"begin isolation level read committed{mode}; {local}"

    @property
    def _bounds(self) -> dict[str, str]:
        bound = str(max(1, int(self._timeout_seconds * 1000)))
        return {"statement_timeout": bound, "idle_in_transaction_session_timeout": bound}

    async def _taken(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._closed:  # while it waited for its turn
            raise asyncpg.InterfaceError("connection is closed")
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
        if connection.is_closed():  # asyncpg answers nothing else about it
            return
        if self._closed or connection.is_in_transaction():  # what was broken off between BEGIN and COMMIT
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
            # The same few statements again and again: none is worth another plan, or machine code.
            plan_cache_mode="force_generic_plan",
            max_parallel_workers_per_gather="0",
            jit="off",
            **({"default_transaction_read_only": "on"} if self._read_only else {}),
            **self._bounds,
        )
