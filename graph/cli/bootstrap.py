"""Prerequisites of ``voxloom up``: a Postgres, its migrations, and the API key in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from db.commands.keys import import_key
from db.postgres.check import check_database
from db.postgres.database import Database
from db.postgres.embedded import embedded_postgres
from db.postgres.migrate import migrate
from graph.cli.local_key import make_data_dir
from graph.settings import ApiSettings


@contextmanager
def postgres(settings: ApiSettings) -> Iterator[str]:
    """The URL of the database: the configured one, or that of an embedded Postgres, which runs within the context."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    _ = settings.listen_url  # refused where it is set alone
    make_data_dir(settings)
    with embedded_postgres(settings.data_dir) as url:
        yield url


def prepare(settings: ApiSettings, url: str, key: str) -> None:
    """Runs the database's migrations, and stores ``key`` as valid."""

    async def run() -> None:
        await migrate(settings.listen_url or url)
        await check_database(url, settings.listen_url)
        database = Database(url, listen_url=settings.listen_url, pool=2)
        try:
            await database.run(lambda session: import_key(session, key, name="local"))
        finally:
            await database.close()

    asyncio.run(run())
