"""``voxloom keys``: create, list, revoke."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from db.defaults import DEFAULT_TENANT
from db.errors import BadUserInput
from db.load_settings import load_settings
from graph.settings import ApiSettings

if TYPE_CHECKING:
    from db.postgres.database import Database

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke the API keys of clients.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The key's name, shown in `keys list`.")],
    tenant: Annotated[str, typer.Option(help="The tenant; created if it is new.")] = DEFAULT_TENANT,
    expires_in: Annotated[
        str | None, typer.Option(help="When it expires: 30m, 12h or 90d from now; by default never.")
    ] = None,
) -> None:
    """Create a key and print its secret, once."""
    life = None if expires_in is None else _duration(expires_in)

    from db.commands.keys import create_key  # noqa: PLC0415 - the other commands do without it

    async def run(database: Database) -> None:
        secret = await database.run(lambda session: create_key(session, name=name, tenant=tenant, life=life))
        sys.stdout.write(secret + "\n")

    with_database(run)


@app.command("list")
def list_all() -> None:
    """List all keys, without secrets."""
    from rich.console import Console  # noqa: PLC0415 - the other commands do without it
    from rich.table import Table  # noqa: PLC0415 - likewise

    from db.commands.keys import list_keys  # noqa: PLC0415 - likewise

    async def run(database: Database) -> None:
        table = Table("id", "tenant", "name", "begins", "created", "expires", "revoked")
        async with database.reading() as session:
            for key, tenant in await list_keys(session):
                times = (_time(each) for each in (key.created_at, key.expires_at, key.revoked_at))
                table.add_row(str(key.id), tenant, key.name, key.prefix, *times)
        Console().print(table)

    with_database(run)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, from `keys list`.")]) -> None:
    """Revoke a key permanently; its open subscriptions end."""
    from db.commands.keys import revoke_key  # noqa: PLC0415 - the other commands do without it
    from db.ids import parse_id  # noqa: PLC0415 - likewise

    async def run(database: Database) -> None:
        await database.run(lambda session: revoke_key(session, parse_id(key_id, "key")))
        sys.stdout.write("Revoked.\n")

    with_database(run)


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _duration(text: str) -> timedelta:
    """The duration in a text such as 12h. Raises BadUserInput."""
    found = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    if found is None:
        raise BadUserInput("--expires-in is a number with m, h or d: 30m, 12h, 90d.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def with_database(run: Callable[[Database], Awaitable[None]]) -> None:
    """Runs a command on the migrated database of the settings."""
    settings = load_settings(ApiSettings)
    from db.postgres.database import Database  # noqa: PLC0415 - the other commands do without it
    from db.postgres.migrate import migrate  # noqa: PLC0415 - likewise
    from graph.cli.bootstrap import postgres  # noqa: PLC0415 - likewise

    async def connected(url: str) -> None:
        await migrate(settings.listen_url or url)
        database = Database(url, listen_url=settings.listen_url, pool=2)
        try:
            await run(database)
        finally:
            await database.close()

    with postgres(settings) as url:
        asyncio.run(connected(url))
