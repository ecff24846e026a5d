"""``voxloom keys``: create, list, revoke."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from db.commands.keys import DEFAULT_TENANT, create_key, list_keys, revoke_key
from db.ids import parse_id
from db.load_settings import load_settings
from db.postgres.database import Database
from db.postgres.migrate import migrate
from graph.cli.bootstrap import postgres
from graph.settings import ApiSettings

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke the API keys of clients.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The key's name, shown in `keys list`.")],
    tenant: Annotated[str, typer.Option(help="The tenant; created if it is new.")] = DEFAULT_TENANT,
) -> None:
    """Create a key and print its secret, once."""

    async def run(database: Database) -> None:
        secret = await database.run(lambda session: create_key(session, name=name, tenant=tenant))
        sys.stdout.write(secret + "\n")

    _with_database(run)


@app.command("list")
def list_all() -> None:
    """List all keys, without secrets."""

    async def run(database: Database) -> None:
        table = Table("id", "tenant", "name", "begins", "created", "revoked")
        async with database.reading() as session:
            for key, tenant in await list_keys(session):
                revoked = "" if key.revoked_at is None else f"{key.revoked_at:%Y-%m-%d %H:%M}"
                table.add_row(str(key.id), tenant, key.name, key.prefix, f"{key.created_at:%Y-%m-%d %H:%M}", revoked)
        Console().print(table)

    _with_database(run)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, from `keys list`.")]) -> None:
    """Revoke a key permanently; its open subscriptions end."""

    async def run(database: Database) -> None:
        await database.run(lambda session: revoke_key(session, parse_id(key_id, "key")))
        sys.stdout.write("Revoked.\n")

    _with_database(run)


def _with_database(run: Callable[[Database], Awaitable[None]]) -> None:
    settings = load_settings(ApiSettings)

    async def connected(url: str) -> None:
        await migrate(settings.listen_url or url)
        database = Database(url, listen_url=settings.listen_url, pool=2)
        try:
            await run(database)
        finally:
            await database.close()

    with postgres(settings) as url:
        asyncio.run(connected(url))
