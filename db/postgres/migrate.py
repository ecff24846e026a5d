"""Runs Alembic migrations up or down, one process at a time (advisory lock)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from db.errors import BadUserInput, VoxLoomError
from db.postgres.address import Address, parse_database_url
from db.postgres.check import check_session
from db.postgres.connect import connect
from db.sqlstate import sqlstate_of

_LOCK = 0x766F786C  # advisory lock "voxl": processes that start together migrate one after the other

_CONNECT_SECONDS = 15

#: Timeout of each statement of a migration, and of the wait for another process's migrations.
_STATEMENT_SECONDS = 600

#: Between two attempts to take the lock.
_LOCK_SECONDS = 0.2

#: Timeout of a wait for a table's lock: meanwhile all queries on the table queue behind the migration.
_TABLE_LOCK = "set lock_timeout = '10s'"


class MigrationFailed(VoxLoomError):
    """The server refused a migration, which was rolled back: for example a missing privilege, or a locked table."""

    code = "MIGRATION_FAILED"


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    migrations = Path(__file__).parents[2] / "migrations"
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@asynccontextmanager
async def migrating(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection that holds the advisory lock of migrations.

    ``url`` must not lead through a pooler in transaction mode: the lock belongs to the server session.
    """
    address = parse_database_url(url)
    await check_session(address, "DATABASE_URL")
    engine = create_async_engine(
        "postgresql+asyncpg://",
        poolclass=NullPool,
        isolation_level="READ COMMITTED",
        async_creator=lambda: connect(
            address,
            name="voxloom-migrate",
            timeout_seconds=_CONNECT_SECONDS,
            statement_seconds=None,
            statement_timeout=str(_STATEMENT_SECONDS * 1000),
        ),
    )
    async with engine.connect() as connection:  # closing it releases the advisory lock
        await _take_lock(connection, address)
        await connection.execute(text(_TABLE_LOCK))
        await connection.commit()
        yield connection


async def _take_lock(connection: AsyncConnection, address: Address) -> None:
    """Waits for the advisory lock by asking for it: a statement that waits holds a snapshot, for whose end a migration
    that builds an index CONCURRENTLY waits. Raises MigrationFailed.
    """
    for _ in range(int(_STATEMENT_SECONDS / _LOCK_SECONDS)):
        taken = await connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": _LOCK})
        await connection.commit()
        if taken:
            return
        await asyncio.sleep(_LOCK_SECONDS)
    raise MigrationFailed(f"{address}: another process has been migrating for {_STATEMENT_SECONDS} s.")


async def migrate(url: str, revision: str = "head") -> None:
    """Migrates up or down to ``revision`` (``head``: the newest; ``base``: an empty schema).

    Raises BadUserInput for an unknown revision, also of the database itself; ConnectFailed; MigrationFailed. The
    messages are one line each.
    """
    try:
        async with migrating(url) as connection:
            await connection.run_sync(_run, revision)
    except CommandError as error:
        raise BadUserInput(f"Cannot migrate to this revision: {error}") from None
    except DBAPIError as error:
        raise _failed(url, error) from error


def _failed(url: str, error: DBAPIError) -> MigrationFailed:
    state = sqlstate_of(error)
    reason = " ".join(str(error.driver_exception).split())
    return MigrationFailed(f"{parse_database_url(url)}: {reason} (SQLSTATE {state})")


def _run(connection: Connection, revision: str) -> None:
    config = alembic_config(connection)
    current = MigrationContext.configure(connection).get_current_revision()
    known = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    if current is not None and current not in known:
        raise BadUserInput(
            f"The database's schema is at revision {current}, but this version of VoxLoom ends at {known[0]}: "
            "it was migrated by a newer version. Use that version."
        )
    if revision not in (*known, "head", "base"):
        raise BadUserInput(f"There is no revision {revision!r}: use one of {known[-1]} to {known[0]}, head or base.")
    connection.commit()  # ends the transaction of the look-up; each migration runs in its own
    is_downgrade = revision == "base" or (
        revision in known and current in known and known.index(revision) > known.index(current)
    )
    (command.downgrade if is_downgrade else command.upgrade)(config, revision)
