"""Alembic environment, for `voxloom migrate`, the tests and the alembic command.

Uses the connection in the config's attributes, or else (alembic command) DATABASE_LISTEN_URL or DATABASE_URL.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection

from db.errors import ConnectFailed, VoxLoomError
from db.models.metadata import metadata
from db.postgres.migrate import migrating


def include_name(name: str | None, type_: str, _parents: Any) -> bool:
    """Excludes Procrastinate's tables, which have no models here, from the comparison."""
    return not (type_ == "table" and name is not None and name.startswith("procrastinate_"))


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=include_name,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_by_url(url: str) -> None:
    async with migrating(url) as connection:
        await connection.run_sync(run)


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = os.environ.get("DATABASE_LISTEN_URL") or os.environ.get("DATABASE_URL")
    if url is None:
        raise CommandError("Set DATABASE_URL.")
    try:
        asyncio.run(run_by_url(url))
    except (ConnectFailed, VoxLoomError) as error:
        raise CommandError(str(error)) from None
