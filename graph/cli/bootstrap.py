"""Prerequisites of ``voxloom up``: a Postgres, its migrations, and an API key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from db.commands.keys import import_key, new_secret
from db.errors import BadUserInput
from db.postgres.check import check_database
from db.postgres.database import Database
from db.postgres.embedded import embedded_postgres
from db.postgres.migrate import migrate
from graph.settings import ApiSettings

_KEY_FILE = "api-key"


@contextmanager
def postgres(settings: ApiSettings) -> Iterator[str]:
    """The URL of the database: the configured one, or that of an embedded Postgres, which runs within the context."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    _ = settings.listen_url  # refused where it is set alone
    _make_data_dir(settings)
    with embedded_postgres(settings.data_dir) as url:
        yield url


def local_key(settings: ApiSettings) -> str:
    """The local user's API key: the configured one, or one created once and stored in the data directory."""
    if settings.api_key is not None:
        return settings.api_key.get_secret_value()
    file = settings.data_dir / _KEY_FILE
    _make_data_dir(settings)
    try:
        if not file.exists():
            _write_private(file, new_secret())
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise BadUserInput(f"{file}: {error.strerror}.") from None
    except UnicodeError:
        raise BadUserInput(f"{file} holds no API key: delete it, and `voxloom up` makes one.") from None


def _make_data_dir(settings: ApiSettings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadUserInput(f"VOXLOOM_DATA_DIR {settings.data_dir}: {error.strerror}.") from None


def _write_private(file: Path, text: str) -> None:
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.rename(file)


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
