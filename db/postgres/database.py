"""Database access of one process: SQLAlchemy engine, transactions with NOTIFY after the commit, pools of statements."""

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
from db.postgres.address import parse_database_url
from db.postgres.connect import connect
from db.postgres.jsonb import parse_jsonb
from db.postgres.notifier import Notifier, sessions_to_notify
from db.postgres.outage import retry_conflicts
from db.postgres.pool import GRACE_SECONDS, ConnectionPool
from db.postgres.reader import Reader
from db.sqlstate import sqlstate_of

T = TypeVar("T")

_READ_ONLY = "25006"
_SET_TIMEOUTS = text(
    "select set_config('statement_timeout', :statement_timeout, true), "
    "set_config('idle_in_transaction_session_timeout', :idle_in_transaction_session_timeout, true)"
)
_WRITABLE = text("select not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off'")


class Database:
    """One process's connections to Postgres.

    ``timeout_seconds``: of every statement and every wait for a connection. The server gets the same timeouts, so that
    a process that hangs in a transaction does not hold a session's row lock. ``listen_url``: the same database without
    the pooler in transaction mode that ``url`` leads through (PgBouncer); used for LISTEN and the queue. With it no
    session state is set on connections of ``url``.

    ``reader`` serves clients and ``live`` the feed, so that neither waits for the other; ``writer`` runs single
    statements that write.
    """

    def __init__(
        self, url: str, *, listen_url: str | None = None, pool: int = 10, readers: int = 2, timeout_seconds: float = 15
    ) -> None:
        self.address = parse_database_url(url)
        self.direct = self.address
        if listen_url is not None:
            self.direct = parse_database_url(listen_url, name="DATABASE_LISTEN_URL")
            self.address = replace(self.address, pooled=True)
        self.metadata = metadata  # imports all tables, which relations between them need
        self.timeout_seconds = timeout_seconds
        self.engine = create_async_engine(
            "postgresql+asyncpg://",
            creator=self._dbapi_connection,
            isolation_level="READ COMMITTED",
            pool_size=pool,
            max_overflow=0,
            pool_timeout=timeout_seconds,
            pool_pre_ping=True,
            json_deserializer=parse_jsonb,
            hide_parameters=True,  # parameters may be customers' words, and errors are logged
        )
        event.listen(self.engine.sync_engine, "handle_error", _leave_read_only_server)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self.reader = Reader(self.address, name="voxloom-reader", connections=readers, timeout_seconds=timeout_seconds)
        self.live = Reader(self.address, name="voxloom-live", connections=2, timeout_seconds=timeout_seconds)
        self.writer = ConnectionPool(
            self.address, name="voxloom-writer", connections=6, timeout_seconds=timeout_seconds
        )
        self._notifier = Notifier(self.writer)

    @property
    def _timeouts(self) -> dict[str, str]:
        milliseconds = str(max(1, int(self.timeout_seconds * 1000)))
        return {"statement_timeout": milliseconds, "idle_in_transaction_session_timeout": milliseconds}

    async def _set_timeouts(self, session: AsyncSession) -> None:
        """Sets the timeouts of a transaction behind a pooler, where they cannot be set on the server session."""
        if self.address.pooled:
            await session.execute(_SET_TIMEOUTS, self._timeouts)

    # Any: SQLAlchemy declares neither its adapter of asyncpg nor what that makes.
    def _dbapi_connection(self) -> Any:
        """A connection for SQLAlchemy's pool: asyncpg's in SQLAlchemy's adapter."""
        dbapi: Any = self.engine.sync_engine.dialect.dbapi  # Any: as above
        # Behind a pooler prepared statements are unnamed, and used only in the transaction that prepared them.
        pooled = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""}
        return dbapi.connect(async_creator_fn=self._pooled_connection, **(pooled if self.address.pooled else {}))

    async def _pooled_connection(self) -> asyncpg.Connection[asyncpg.Record]:
        return await connect(
            self.address,
            name="voxloom",
            timeout_seconds=self.timeout_seconds,
            statement_seconds=self.timeout_seconds + GRACE_SECONDS,
            **self._timeouts,
        )

    async def run(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Runs ``work`` in one transaction and commits; retries all of it after a serialization failure or a deadlock.

        ``work`` must have no side effects outside the database, and must not wait for a network or a model.
        """

        async def once() -> T:
            async with self.transaction() as session:
                return await work(session)

        return await retry_conflicts(once)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A transaction: commits at the end, rolls back on an error; sends notifications just after the commit.

        For callers that retry by themselves (``db.postgres.outage``); others use ``run``.
        """
        async with self._sessions.begin() as session:
            await self._set_timeouts(session)
            yield session
        self._notifier.notify(sessions_to_notify(session))

    def notify(self, session_ids: Iterable[UUID]) -> None:
        """Notifies all processes that these sessions have new, committed events."""
        self._notifier.notify(session_ids)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A read-only transaction on one snapshot of the database (REPEATABLE READ)."""
        async with self._sessions() as session:
            await session.connection(
                execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            )
            await self._set_timeouts(session)
            yield session

    async def writable(self, session: AsyncSession) -> bool:
        """Whether the server accepts writes. If not, the session's connection is closed after use: after a failover
        the next connection finds the primary.
        """
        writable: bool = (await session.execute(_WRITABLE)).scalar_one()
        if not writable:
            await (await session.connection()).invalidate()
        return writable

    async def connect(self) -> asyncpg.Connection[asyncpg.Record]:
        """Opens a connection outside the pools, for LISTEN. The caller closes it."""
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
    """SQLAlchemy event handler: drops connections to a read-only server, which a failover has made a standby."""
    if sqlstate_of(context.original_exception) == _READ_ONLY:
        context.is_disconnect = True
