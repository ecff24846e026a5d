"""The connection to Postgres: one pool a process, and transactions that tell the listeners afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from db.address import connect, database_url
from db.models_loaded import metadata
from db.notifier import Notifier, touched_sessions
from db.reader import Reader
from db.stored_json import read_json


class Database:
    """One process's way to Postgres. ``timeout_seconds`` bounds every statement and every wait for a connection.

    The server is told the same bound: a process that hangs in a transaction, and with it holds a session's row, is
    cut off there, so that another may go on.
    """

    def __init__(self, url: str, *, pool: int = 10, readers: int = 2, timeout_seconds: float = 15) -> None:
        self.url = database_url(url)
        self.metadata = metadata  # every table is known wherever the database is used
        self.timeout_seconds = timeout_seconds
        self.engine = create_async_engine(
            self.url,
            async_creator=self._pooled_connection,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=timeout_seconds,
            pool_pre_ping=True,
            json_deserializer=read_json,
            hide_parameters=True,  # they hold what people said, and errors end in logs
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self._notifier = Notifier(self.engine)
        self.reader = Reader(self.url, connections=readers, timeout_seconds=timeout_seconds)

    async def _pooled_connection(self) -> asyncpg.Connection[asyncpg.Record]:
        bound = str(max(1, int(self.timeout_seconds * 1000)))
        return await connect(
            self.url,
            name="voxloom",
            timeout_seconds=self.timeout_seconds,
            statement_seconds=self.timeout_seconds,
            statement_timeout=bound,
            idle_in_transaction_session_timeout=bound,
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: commits at the end, rolls back on an error; listeners are told just after the commit."""
        async with self._sessions.begin() as session:
            yield session
        self._notifier.tell(touched_sessions(session))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One consistent view of the database, for reading only."""
        async with self._sessions() as session:
            await session.connection(
                execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            )
            yield session

    async def connect(self) -> asyncpg.Connection[asyncpg.Record]:
        """A connection outside the pool, for LISTEN. The caller closes it."""
        return await connect(
            self.url,
            name="voxloom-feed",
            timeout_seconds=self.timeout_seconds,
            statement_seconds=self.timeout_seconds,
        )

    async def close(self) -> None:
        await self._notifier.close()
        self.reader.close()
        await self.engine.dispose()
