"""The command line: voxloom up | serve | worker | migrate | keys | demo | schema."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from db.commands.keys import DEFAULT_TENANT, create_key, list_keys, revoke_key
from db.errors import ConnectFailed, DatabaseUnavailable, VoxLoomError
from db.ids import parse_id
from db.logs import configure_logging
from db.postgres.check import check_database, check_schema
from db.postgres.database import Database
from db.postgres.migrate import migrate as run_migrations
from graph.cli.bootstrap import local_key, postgres, prepare
from graph.cli.demo import hold_conversation, shipped_recording
from graph.cli.supervisor import check_port, supervise
from graph.http.memory import configure_collector
from graph.settings import ApiSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
keys = typer.Typer(no_args_is_help=True, help="API keys: create, list, revoke.")
app.add_typer(keys, name="keys")

out = Console()


@app.command()
def up() -> None:
    """Starts everything: Postgres (unless DATABASE_URL is set), migrations, API and worker. Ctrl-C ends it."""
    settings = ApiSettings()
    configure_logging(json=not sys.stderr.isatty())
    check_port(settings)
    with postgres(settings) as url:
        key = local_key(settings)
        prepare(settings, url, key)
        raise typer.Exit(asyncio.run(supervise(settings, url, key)))


@app.command()
def serve() -> None:
    """Starts the API alone."""
    from graph.app import create_app  # noqa: PLC0415 - the other commands start without it
    from graph.http.server import server_config  # noqa: PLC0415 - likewise

    settings = ApiSettings()
    configure_logging(json=not sys.stderr.isatty())
    with postgres(settings) as url:
        asyncio.run(check_database(url, settings.listen_url))
        asyncio.run(check_schema(url))
        api = create_app(settings, url)
        configure_collector()
        uvicorn.Server(server_config(api, settings)).run()


@app.command()
def worker() -> None:
    """Starts a worker alone; it needs DATABASE_URL."""
    os.execv(sys.executable, [sys.executable, "-m", "inference.worker.main"])  # noqa: S606 - this same Python


@app.command()
def migrate(revision: Annotated[str, typer.Argument(help="A revision, head or base.")] = "head") -> None:
    """Brings the database's schema to a revision."""
    settings = ApiSettings()
    with postgres(settings) as url:
        asyncio.run(run_migrations(settings.listen_url or url, revision))


@app.command()
def schema(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; standard output if left out.")] = None,
) -> None:
    """Prints the GraphQL schema."""
    from graph.api.schema import printed_schema  # noqa: PLC0415 - the other commands start without it

    if file is None:
        sys.stdout.write(printed_schema())
    else:
        file.write_text(printed_schema())


@app.command()
def demo(
    audio: Annotated[Path | None, typer.Option(help="A recording of yours instead of the one that ships.")] = None,
    save: Annotated[Path, typer.Option(help="Where the spoken reply is saved.")] = Path("reply.wav"),
) -> None:
    """Holds a short conversation with the running server: a text, then a recording, every event as it comes."""
    settings = ApiSettings()
    key = local_key(settings)
    recording = audio.read_bytes() if audio else shipped_recording()
    done, spoken = asyncio.run(hold_conversation(f"http://{settings.host}:{settings.port}", key, recording))
    if spoken is not None:
        save.write_bytes(spoken)
        out.print(f"[bold]The spoken reply is in[/] {save}")
    raise typer.Exit(0 if done else 1)


@keys.command("create")
def keys_create(name: str, tenant: Annotated[str, typer.Option(help="Made if it is new.")] = DEFAULT_TENANT) -> None:
    """Makes a key and prints its secret, once."""

    async def run(database: Database) -> None:
        secret = await database.run(lambda session: create_key(session, name=name, tenant=tenant))
        sys.stdout.write(secret + "\n")

    _with_database(run)


@keys.command("list")
def keys_list() -> None:
    """Shows all keys, without their secrets."""

    async def run(database: Database) -> None:
        table = Table("id", "tenant", "name", "begins", "created", "revoked")
        async with database.reading() as session:
            for key, tenant in await list_keys(session):
                revoked = "" if key.revoked_at is None else f"{key.revoked_at:%Y-%m-%d %H:%M}"
                table.add_row(str(key.id), tenant, key.name, key.prefix, f"{key.created_at:%Y-%m-%d %H:%M}", revoked)
        out.print(table)

    _with_database(run)


@keys.command("revoke")
def keys_revoke(key_id: str) -> None:
    """Ends a key for good."""

    async def run(database: Database) -> None:
        await database.run(lambda session: revoke_key(session, parse_id(key_id, "key")))
        out.print("Revoked.")

    _with_database(run)


def _with_database(run: Callable[[Database], Awaitable[None]]) -> None:
    settings = ApiSettings()

    async def connected(url: str) -> None:
        await run_migrations(settings.listen_url or url)
        database = Database(url, listen_url=settings.listen_url, pool=2)
        try:
            await run(database)
        finally:
            await database.close()

    with postgres(settings) as url:
        asyncio.run(connected(url))


def main() -> None:
    """The entry point: a known error is one line on standard error and exit code 1."""
    try:
        app()
    except VoxLoomError as error:
        sys.exit(f"{error.code}: {error.message}")
    except ConnectFailed as error:
        sys.exit(f"{DatabaseUnavailable.code}: {error}")


if __name__ == "__main__":
    main()
