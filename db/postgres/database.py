"""The connections of one process to Postgres, and transactions that tell the listeners afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from db.models.metadata import metadata
from db.postgres.address import database_url
from db.postgres.connect import connect
from db.postgres.connections import GRACE_SECONDS, Connections
from db.postgres.jsonb import read_json
from db.postgres.notifier import Notifier, touched_sessions
from db.postgres.outage import without_conflict
from db.postgres.reader import Reader
from db.sqlstate import sqlstate_of

T = TypeVar("T")

_READ_ONLY = "25006"
_BOUND = text(
    "select set_config('statement_timeout', :statement_timeout, true), "
    "set_config('idle_in_transaction_session_timeout', :idle_in_transaction_session_timeout, true)"
)
_WRITABLE = text("select not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off'")


class Database:
    """One process's way to Postgres. ``timeout_seconds`` bounds every statement and every wait for a connection.

    The server is told the same bound: a process that hangs in a transaction, and with it holds a session's row, is
    cut off there, so that another may go on.

    ``listen_url``: the same database without the connection pooler that ``url`` leads through (PgBouncer,
    ``pool_mode=transaction``). LISTEN and the queue go there; with it, nothing is left on a session of ``url``.

    ``reader`` answers clients, ``live`` reads for the feed, so that neither waits for the other; ``writer`` is for
    single statements that write.
    """

    def __init__(
        self, url: str, *, listen_url: str | None = None, pool: int = 10, readers: int = 2, timeout_seconds: float = 15
    ) -> None:
        self.address = database_url(url)
        self.direct = self.address
        if listen_url is not None:
            self.direct = database_url(listen_url, name="DATABASE_LISTEN_URL")
            self.address = replace(self.address, pooled=True)
        self.metadata = metadata  # every table is known wherever the database is used
        self.timeout_seconds = timeout_seconds
        self.engine = create_async_engine(
            "postgresql+asyncpg://",
            creator=self._dbapi_connection,
            isolation_level="READ COMMITTED",
            pool_size=pool,
            max_overflow=0,
            pool_timeout=timeout_seconds,
            pool_pre_ping=True,
            json_deserializer=read_json,
            hide_parameters=True,  # they hold what people said, and errors end in logs
        )
        event.listen(self.engine.sync_engine, "handle_error", _leave_read_only_server)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self.reader = Reader(self.address, name="voxloom-reader", connections=readers, timeout_seconds=timeout_seconds)
        self.live = Reader(self.address, name="voxloom-live", connections=2, timeout_seconds=timeout_seconds)
        self.writer = Connections(self.address, name="voxloom-writer", connections=6, timeout_seconds=timeout_seconds)
        self._notifier = Notifier(self.writer)

    @property
    def _bounds(self) -> dict[str, str]:
        bound = str(max(1, int(self.timeout_seconds * 1000)))
        return {"statement_timeout": bound, "idle_in_transaction_session_timeout": bound}

    async def _bound(self, session: AsyncSession) -> None:
        """Behind a pooler, where nothing stays on a session, the bounds are told in each transaction."""
        if self.address.pooled:
            await session.execute(_BOUND, self._bounds)

    # Any: SQLAlchemy declares neither its adapter of asyncpg nor what that makes.
    def _dbapi_connection(self) -> Any:
        """What SQLAlchemy's pool holds: an asyncpg connection within its adapter."""
        dbapi: Any = self.engine.sync_engine.dialect.dbapi  # Any: as above
        # Behind a pooler a prepared statement is unnamed, and used up in the transaction that made it.
        pooled = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""}
        return dbapi.connect(async_creator_fn=self._pooled_connection, **(pooled if self.address.pooled else {}))

    async def _pooled_connection(self) -> asyncpg.Connection[asyncpg.Record]:
        return await connect(
            self.address,
            name="voxloom",
            timeout_seconds=self.timeout_seconds,
            statement_seconds=self.timeout_seconds + GRACE_SECONDS,
            **self._bounds,
        )

    async def run(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Does ``work`` in one transaction and commits; again, as a whole, after a serialization failure or a deadlock.

        So ``work`` leaves nothing behind but in the database, and asks nothing of a network or a model.
        """

        async def once() -> T:
            async with self.transaction() as session:
                return await work(session)

        return await without_conflict(once)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: commits at the end, rolls back on an error; listeners are told just after the commit.

        For what is tried again from outside (``db.postgres.outage.outlast``); all else goes by ``run``.
        """
        async with self._sessions.begin() as session:
            await self._bound(session)
            yield session
        self._notifier.tell(touched_sessions(session))

    def tell(self, session_ids: Iterable[UUID]) -> None:
        """Tells listeners that these sessions have new events, which are committed."""
        self._notifier.tell(session_ids)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One consistent view of the database, for reading only."""
        async with self._sessions() as session:
            await session.connection(
                execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            )
            await self._bound(session)
            yield session

    async def writable(self, session: AsyncSession) -> bool:
        """Whether the server takes writes. Where it does not, the session's connection is given up after use: its
        default was fixed when it was opened, and the next may find another server.
        """
        writable: bool = (await session.execute(_WRITABLE)).scalar_one()
        if not writable:
            await (await session.connection()).invalidate()
        return writable

    async def connect(self) -> asyncpg.Connection[asyncpg.Record]:
        """A connection outside the pool, for LISTEN. The caller closes it."""
        return await connect(
            self.direct,
            name="voxloom-feed",
            timeout_seconds=self.timeout_seconds,
            statement_seconds=self.timeout_seconds,
        )

    async def close(self) -> None:
        await self._notifier.close()
        for each in (self.reader, self.live, self.writer):
            each.close()
        await self.engine.dispose()


def _leave_read_only_server(context: ExceptionContext) -> None:
    """Connections to a server that became read-only are dropped: after a failover the primary is another one."""
    if sqlstate_of(context.original_exception) == _READ_ONLY:
        context.is_disconnect = True
