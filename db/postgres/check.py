"""Looks whether the configured database can be used, before anything is started on it."""

from __future__ import annotations

import structlog

from db.address import Address, database_url
from db.errors import BadUserInput, ConnectFailed
from db.postgres.connect import connect

_TIMEOUT_SECONDS = 15

log = structlog.get_logger(__name__)


async def check_database(url: str, listen_url: str | None, *, may_be_away: bool = False) -> None:
    """Connects once to each of the addresses.

    Raises BadUserInput for what is no address, and for two that lead to different databases; ConnectFailed if a
    connection is refused or, unless it ``may_be_away``, cannot be made at the moment. Both are one line.
    """
    given = [database_url(url)]
    if listen_url is not None:
        given.append(database_url(listen_url, name="DATABASE_LISTEN_URL"))
    try:
        identities = [await _identity(each) for each in given]
    except ConnectFailed as error:
        if not (may_be_away and error.passes):
            raise
        log.warning("database_away", reason=str(error))
        return
    if len(set(identities)) > 1:
        raise BadUserInput("DATABASE_LISTEN_URL leads to another database than DATABASE_URL.")


async def _identity(address: Address) -> tuple[object, ...]:
    """Which database this is: its server's start, and its number there."""
    connection = await connect(
        address, name="voxloom-check", timeout_seconds=_TIMEOUT_SECONDS, statement_seconds=_TIMEOUT_SECONDS
    )
    try:
        async with connection.transaction(isolation="read_committed"):
            return tuple(
                await connection.fetchrow(
                    "select pg_postmaster_start_time()::text, oid from pg_database where datname = current_database()"
                )
            )
    finally:
        connection.terminate()
