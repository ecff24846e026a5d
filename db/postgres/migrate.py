"""Brings the database's schema to the newest version, or any other."""

from __future__ import annotations

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
from db.postgres.address import database_url
from db.postgres.check import check_session
from db.postgres.connect import connect
from db.sqlstate import sqlstate_of

_LOCK = 0x766F786C  # "voxl": processes that start together migrate one after the other

_CONNECT_SECONDS = 15

#: No single statement of a migration, nor the wait for another process's migrations, takes longer.
_STATEMENT_SECONDS = 600

#: A migration that cannot get a table's lock gives up: while it waits, every query on the table waits behind it.
_TABLE_LOCK = "set lock_timeout = '10s'"


class MigrationFailed(VoxLoomError):
    """The server refused a migration, of which nothing was done: no right to make tables, a table that is in use."""

    code = "MIGRATION_FAILED"


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    migrations = Path(__file__).parents[2] / "migrations"
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@asynccontextmanager
async def migrating(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection for migrations, which no other process has at the same time.

    ``url`` leads to a session of its own (not through a pooler that lends connections by transaction): it holds a lock.
    """
    address = database_url(url)
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
    async with engine.connect() as connection:  # its end is the lock's end
        await connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
        await connection.execute(text(_TABLE_LOCK))
        await connection.commit()
        yield connection


async def migrate(url: str, revision: str = "head") -> None:
    """Runs the migrations up to ``revision``, or down to it when it is an earlier one (``base``: before all).

    Raises BadUserInput for an unknown revision, and for a database whose own revision this code does not know;
    ConnectFailed; and MigrationFailed. The message of each is one line.
    """
    try:
        async with migrating(url) as connection:
            await connection.run_sync(_run, revision)
    except CommandError as error:
        raise BadUserInput(f"The migrations cannot go there: {error}") from None
    except DBAPIError as error:
        raise _failed(url, error) from error


def _failed(url: str, error: DBAPIError) -> MigrationFailed:
    state = sqlstate_of(error)
    words = " ".join(str(error.driver_exception).split())
    return MigrationFailed(f"{database_url(url)}: {words} (SQLSTATE {state})")


def _run(connection: Connection, revision: str) -> None:
    config = alembic_config(connection)
    current = MigrationContext.configure(connection).get_current_revision()
    known = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    if current is not None and current not in known:
        raise BadUserInput(
            f"The database's schema is at revision {current}, but this version of VoxLoom ends at {known[0]}: "
            "a newer version made it. Use that one."
        )
    if revision not in (*known, "head", "base"):
        raise BadUserInput(f"There is no revision {revision!r}: name one of {known[-1]} to {known[0]}, head or base.")
    connection.commit()  # the look-up above began a transaction; the migrations make their own
    goes_back = revision == "base" or (
        revision in known and current in known and known.index(revision) > known.index(current)
    )
    (command.downgrade if goes_back else command.upgrade)(config, revision)
