"""``voxloom console-link``: a link that signs in to the web console."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from db.defaults import DEFAULT_TENANT
from db.load_settings import load_settings
from graph.cli.address import sign_in_link
from graph.cli.commands.keys import with_database
from graph.settings import ApiSettings

if TYPE_CHECKING:
    from db.postgres.database import Database


def console_link(
    tenant: Annotated[str, typer.Option(help="The tenant; created if it is new.")] = DEFAULT_TENANT,
) -> None:
    """Print a link that signs in to the web console, once, within 10 minutes.

    Whoever opens it gets an API key of the tenant that lasts 12 hours.
    """

    from db.commands.sign_in import create_sign_in_token  # noqa: PLC0415 - the other commands do without it

    async def run(database: Database) -> None:
        token = await database.run(lambda session: create_sign_in_token(session, tenant=tenant))
        sys.stdout.write(sign_in_link(load_settings(ApiSettings), token) + "\n")

    with_database(run)
