"""Looks whether the configured database can be used, before anything is started on it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncpg
import structlog

from db.errors import BadUserInput, ConnectFailed
from db.postgres.address import Address, database_url
from db.postgres.connect import connect
from db.postgres.schema_revision import newest_revision

_TIMEOUT_SECONDS = 15

#: How long a pooler may take to lend a second connection; one that has no second is taken at its word.
_SECOND_SECONDS = 3

log = structlog.get_logger(__name__)


async def check_database(url: str, listen_url: str | None, *, may_be_away: bool = False) -> None:
    """Connects to each of the addresses.

    Raises BadUserInput for what is no address, for two that lead to different databases, and where sessions are needed
    and a pooler has none; ConnectFailed if a connection is refused or, unless it ``may_be_away``, cannot be made at the
    moment. Each is one line.
    """
    given = [database_url(url)]
    if listen_url is not None:
        given.append(database_url(listen_url, name="DATABASE_LISTEN_URL"))
    try:
        identities = [await _identity(each) for each in given]
        await check_session(given[-1], "DATABASE_URL" if listen_url is None else "DATABASE_LISTEN_URL")
    except ConnectFailed as error:
        if not (may_be_away and error.passes):
            raise
        log.warning("database_away", reason=str(error))
        return
    if len(set(identities)) > 1:
        raise BadUserInput("DATABASE_LISTEN_URL leads to another database than DATABASE_URL.")


async def check_schema(url: str, *, may_be_away: bool = False) -> None:
    """Raises BadUserInput for a database without VoxLoom's tables, and ConnectFailed unless it ``may_be_away``.

    A schema of another version is logged: while a new version is rolled out, processes of two run side by side.
    """
    address = database_url(url)
    try:
        found = await schema_revision(address)
    except ConnectFailed as error:
        if not (may_be_away and error.passes):
            raise
        return
    if found is None:
        raise BadUserInput(f"{address} has no tables of VoxLoom: run `voxloom migrate` with the same DATABASE_URL.")
    if found != newest_revision():
        log.warning("schema_of_another_version", found=found, expected=newest_revision())


async def schema_revision(address: Address) -> str | None:
    """The revision of the database's schema; None if it has no tables of VoxLoom. Raises ConnectFailed."""
    connection = await _connected(address)
    try:
        async with connection.transaction(isolation="read_committed"):
            if not await connection.fetchval("select to_regclass('alembic_version') is not null"):
                return None
            found: str | None = await connection.fetchval("select max(version_num) from alembic_version")
            return found
    finally:
        connection.terminate()


async def check_session(address: Address, name: str) -> None:
    """Raises BadUserInput if a pooler lends server connections by transaction (PgBouncer, ``pool_mode=transaction``):
    then a session's lock, its LISTEN and its settings are another client's next. ``name``: the setting, for messages.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            lent = await _lent_by_transaction(address)
    except TimeoutError as error:
        raise ConnectFailed(f"{address}: no answer within {_TIMEOUT_SECONDS} s", passes=True) from error
    if lent:
        wanted = "set DATABASE_LISTEN_URL to an address of the same database without it"
        raise BadUserInput(f"{name} leads through a connection pooler in transaction mode: {wanted}.")


async def _lent_by_transaction(address: Address) -> bool:
    """Whether one client connection is served by several server processes.

    A pooler shows by the process number it gives at first, which is not the server's. It lends by transaction if the
    first connection's process changes: from one transaction to the next where processes are lent in turn, or while a
    second connection holds one in a transaction, where the one that came back last is lent first.
    """
    first = await _connected(address)
    try:
        process = await _process(first)
        if process == first.get_server_pid():
            return False
        if await _process(first) != process:
            return True
        try:
            async with asyncio.timeout(_SECOND_SECONDS):
                second = await _connected(address)
                try:
                    async with second.transaction(isolation="read_committed"):
                        await second.fetchval("select 1")
                        return await _process(first) != process
                finally:
                    second.terminate()
        except (TimeoutError, ConnectFailed):
            return False
    finally:
        first.terminate()


async def _connected(address: Address) -> asyncpg.Connection[asyncpg.Record]:
    return await connect(
        replace(address, pooled=True),  # nothing is left on a session that may be another client's next
        name="voxloom-check",
        timeout_seconds=_TIMEOUT_SECONDS,
        statement_seconds=_TIMEOUT_SECONDS,
    )


async def _process(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    async with connection.transaction(isolation="read_committed"):
        process: int = await connection.fetchval("select pg_backend_pid()")
    return process


async def _identity(address: Address) -> tuple[object, ...]:
    """Which database this is: its server's start, and its number there."""
    connection = await _connected(address)
    try:
        async with connection.transaction(isolation="read_committed"):
            return tuple(
                await connection.fetchrow(
                    "select pg_postmaster_start_time()::text, oid from pg_database where datname = current_database()"
                )
            )
    finally:
        connection.terminate()
