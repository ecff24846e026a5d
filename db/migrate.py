"""Brings the database's schema to the newest version, or any other."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from db.engine import database_url

_LOCK = 0x766F786C  # "voxl": processes that start together migrate one after the other


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.attributes["connection"] = connection
    return config


async def migrate(url: str, revision: str = "head") -> None:
    """Runs the migrations up to ``revision``, or down to it when it is an earlier one (``base``: before all)."""
    engine = create_async_engine(database_url(url))
    try:
        async with engine.connect() as connection:
            await connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
            await connection.run_sync(_run, revision)
            await connection.execute(text("select pg_advisory_unlock(:key)"), {"key": _LOCK})
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: Connection, revision: str) -> None:
    config = alembic_config(connection)
    current = MigrationContext.configure(connection).get_current_revision()
    known = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    connection.commit()  # the look-up above began a transaction; the migrations make their own
    goes_back = revision == "base" or (
        revision in known and current in known and known.index(revision) > known.index(current)
    )
    (command.downgrade if goes_back else command.upgrade)(config, revision)


def newest_revision() -> str | None:
    """The revision this code was written for."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()
