"""``voxloom migrate``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from db.load_settings import load_settings
from graph.settings import ApiSettings


def migrate(revision: Annotated[str, typer.Argument(help="A revision, head or base.")] = "head") -> None:
    """Migrate the database's schema to this version; run it before `serve`.

    `voxloom up` does it by itself. An earlier REVISION downgrades, and drops data that it does not support.
    """
    settings = load_settings(ApiSettings)
    from db.postgres.migrate import migrate as run_migrations  # noqa: PLC0415 - the other commands do without it
    from graph.cli.bootstrap import postgres  # noqa: PLC0415 - likewise

    with postgres(settings) as url:
        asyncio.run(run_migrations(settings.listen_url or url, revision))
