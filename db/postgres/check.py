"""Preflight check of the configured database: reachable, migrated, and not behind a pooler in transaction mode."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncpg
import structlog

from db.errors import BadUserInput, ConnectFailed
from db.postgres.address import Address, parse_database_url
from db.postgres.connect import connect
from db.postgres.schema_revision import newest_revision

_TIMEOUT_SECONDS = 15

#: Longest wait for a second connection through a pooler; without one the pooler passes.
_SECOND_SECONDS = 3

log = structlog.get_logger(__name__)


async def check_database(url: str, listen_url: str | None, *, may_be_away: bool = False) -> None:
    """Connects to each of the addresses. ``may_be_away``: an outage of the database is only logged.

    Raises BadUserInput for an invalid address, for addresses of different databases, and for a pooler in transaction
    mode where sessions are needed; ConnectFailed if the server refuses or, without ``may_be_away``, is not reached. The
    messages are one line each.
    """
    given = [parse_database_url(url)]
    if listen_url is not None:
        given.append(parse_database_url(listen_url, name="DATABASE_LISTEN_URL"))
    try:
        identities = [await _identity(each) for each in given]
        await check_session(given[-1], "DATABASE_URL" if listen_url is None else "DATABASE_LISTEN_URL")
    except ConnectFailed as error:
        if not (may_be_away and error.transient):
            raise
        log.warning("database_away", reason=str(error))
        return
    if len(set(identities)) > 1:
        raise BadUserInput("DATABASE_LISTEN_URL must be the same database as DATABASE_URL.")


async def check_schema(url: str, *, may_be_away: bool = False) -> None:
    """Raises BadUserInput for a database without VoxLoom's tables, and ConnectFailed without ``may_be_away``.

    Another revision of the schema is only logged: during a rolling update processes of two versions run side by side.
    """
    address = parse_database_url(url)
    try:
        found = await schema_revision(address)
    except ConnectFailed as error:
        if not (may_be_away and error.transient):
            raise
        return
    if found is None:
        raise BadUserInput(f"{address} has no VoxLoom tables: run `voxloom migrate` with the same DATABASE_URL.")
    if found != newest_revision():
        log.warning("schema_of_another_version", found=found, expected=newest_revision())


async def schema_revision(address: Address) -> str | None:
    """The revision of the database's schema; None without VoxLoom's tables. Raises ConnectFailed."""
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
    """Raises BadUserInput for a pooler in transaction mode (PgBouncer, ``pool_mode=transaction``), where another client
    would get a session's advisory lock, LISTEN and settings. ``name``: the setting, for messages.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            pooled = await _in_transaction_mode(address)
    except TimeoutError as error:
        raise ConnectFailed(f"{address}: no answer within {_TIMEOUT_SECONDS} s", transient=True) from error
    if pooled:
        remedy = "set DATABASE_LISTEN_URL to an address of the same database without it"
        raise BadUserInput(f"{name} leads through a connection pooler in transaction mode: {remedy}.")


async def _in_transaction_mode(address: Address) -> bool:
    """Whether several server processes serve one client connection.

    A pooler reports a pid of its own at the start of a connection. It is in transaction mode if the connection's
    real pid changes: between two transactions, if the pooler assigns servers round robin; or while a second connection
    is in a transaction, if the pooler assigns the server that was used last.
    """
    first = await _connected(address)
    try:
        pid = await _backend_pid(first)
        if pid == first.get_server_pid():
            return False
        if await _backend_pid(first) != pid:
            return True
        try:
            async with asyncio.timeout(_SECOND_SECONDS):
                second = await _connected(address)
                try:
                    async with second.transaction(isolation="read_committed"):
                        await second.fetchval("select 1")
                        return await _backend_pid(first) != pid
                finally:
                    second.terminate()
        except (TimeoutError, ConnectFailed):
            return False
    finally:
        first.terminate()


async def _connected(address: Address) -> asyncpg.Connection[asyncpg.Record]:
    return await connect(
        replace(address, pooled=True),  # sets nothing on a session that a pooler may lend to another client
        name="voxloom-check",
        timeout_seconds=_TIMEOUT_SECONDS,
        statement_seconds=_TIMEOUT_SECONDS,
    )


async def _backend_pid(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    async with connection.transaction(isolation="read_committed"):
        pid: int = await connection.fetchval("select pg_backend_pid()")
    return pid


async def _identity(address: Address) -> tuple[object, ...]:
    """Identifies the database: start time of its server, and its OID there."""
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
