"""Runs the migrations: for `voxloom migrate`, for the tests and for the alembic command.

The caller's connection is taken from the config's attributes; without one (the alembic command), DATABASE_URL says
where the database is.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from db import models_loaded
from db.engine import database_url

TIMEOUTS = "set local lock_timeout = '10s'; set local statement_timeout = '10min'"


def include_name(name: str | None, type_: str, _parents: Any) -> bool:
    """Procrastinate's tables are Procrastinate's business."""
    return not (type_ == "table" and name is not None and name.startswith("procrastinate_"))


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=models_loaded.metadata,
        include_name=include_name,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_by_url(url: str) -> None:
    engine = create_async_engine(database_url(url))
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_by_url(os.environ["DATABASE_URL"]))
