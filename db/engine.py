"""The connection to Postgres: one pool a process, and transactions that tell the listeners afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from db.errors import BadUserInput
from db.models_loaded import metadata
from db.notifier import Notifier, touched_sessions


def database_url(text: str) -> URL:
    """The URL with the asyncpg driver, whichever Postgres scheme it was written with."""
    url = make_url(text)
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise BadUserInput("DATABASE_URL must name a Postgres database: postgresql://user:password@host/name")
    url = url.set(drivername="postgresql+asyncpg")
    sslmode = url.query.get("sslmode")
    if sslmode is not None:  # libpq's name for what asyncpg calls ssl
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": sslmode})
    return url


def libpq_url(url: URL) -> str:
    """The same database for drivers that speak libpq's own URLs (asyncpg by itself, psycopg)."""
    ssl = url.query.get("ssl")
    if ssl is not None:
        url = url.difference_update_query(["ssl"]).update_query_dict({"sslmode": ssl})
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


class Database:
    """One process's way to Postgres. ``timeout_seconds`` bounds every statement and every wait for a connection."""

    def __init__(self, url: str, *, pool: int = 10, timeout_seconds: float = 15) -> None:
        self.url = database_url(url)
        self.metadata = metadata  # every table is known wherever the database is used
        self.timeout_seconds = timeout_seconds
        self.engine = create_async_engine(
            self.url,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=timeout_seconds,
            pool_pre_ping=True,
            hide_parameters=True,  # they hold what people said, and errors end in logs
            connect_args={
                "timeout": timeout_seconds,
                "command_timeout": timeout_seconds,
                "server_settings": {"application_name": "voxloom"},
            },
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self._notifier = Notifier(self.engine)

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
        return await asyncpg.connect(
            libpq_url(self.url),
            timeout=self.timeout_seconds,
            command_timeout=self.timeout_seconds,
            server_settings={"application_name": "voxloom-feed"},
        )

    async def close(self) -> None:
        await self._notifier.close()
        await self.engine.dispose()
