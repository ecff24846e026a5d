"""DATABASE_URL as platforms and people spell it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote, unquote

import asyncpg
import psycopg
import pytest
from sqlalchemy import text

from db.address import connect, database_url, libpq_url
from db.engine import Database
from db.errors import BadUserInput


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "POSTGRESQL"])
async def test_every_scheme_of_postgres_opens_the_database(database_url: str, scheme: str) -> None:
    opened = Database(database_url.replace("postgresql", scheme, 1), pool=1)
    try:
        async with opened.reading() as session:
            assert await session.scalar(text("select 1")) == 1
        listening = await opened.connect()
        assert await listening.fetchval("select current_setting('application_name')") == "voxloom-feed"
        await listening.close()
    finally:
        await opened.close()
    assert libpq_url(opened.url).startswith("postgresql://")


@pytest.mark.parametrize(
    "address",
    ["mysql://u:secret@h/d", "sqlite:///secret", "secret", "", "postgresqlx://u:secret@h/d", "postgresql://h:secret/d"],
)
def test_what_is_no_postgres_is_said_without_repeating_it(address: str) -> None:
    with pytest.raises(BadUserInput, match="postgresql://user:password@host") as refused:
        database_url(address)
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    "option", ["channel_binding=require", "pgbouncer=true", "statement_timeout=1", "host=a&host=b"]
)
def test_an_option_that_would_be_ignored_is_named(option: str) -> None:
    with pytest.raises(BadUserInput, match=option.partition("=")[0]) as refused:
        database_url(f"postgresql://u:secret@h/d?sslmode=require&{option}")
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sslmode=require", "sslmode=require"),
        ("ssl=require", "sslmode=require"),
        ("ssl=true", "sslmode=require"),
        ("sslmode=verify-full&sslrootcert=/ca.pem", "sslmode=verify-full&sslrootcert=/ca.pem"),
        ("channel_binding=prefer", ""),
    ],
)
def test_options_are_told_by_libpqs_names(query: str, expected: str) -> None:
    told = libpq_url(database_url(f"postgresql://u:p@h/d?{query}"))
    assert unquote(told) == f"postgresql://u:p@h/d?{expected}".rstrip("?")


@pytest.mark.parametrize("query", ["sslmode=disable", "sslmode=prefer", "ssl=prefer", "connect_timeout=5&keepalives=1"])
async def test_options_are_understood_by_both_drivers(database_url: str, query: str) -> None:
    opened = Database(f"{database_url}&{query}", pool=1)
    try:
        async with opened.reading() as session:
            assert await session.scalar(text("select 1")) == 1
        async with await psycopg.AsyncConnection.connect(libpq_url(opened.url)) as other:
            assert (await (await other.execute("select 1")).fetchone()) == (1,)
    finally:
        await opened.close()


async def test_sslmode_is_not_forgotten() -> None:
    """A server that has no TLS is not told who we are."""
    seen, closed = bytearray(), asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend(await reader.readexactly(8))
        writer.write(b"N")
        seen.extend(await reader.read())
        writer.close()
        await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        address = database_url(f"postgres://u:p@127.0.0.1:{port}/d?sslmode=require")
        with pytest.raises(ConnectionError):
            await connect(address, name="test", timeout_seconds=5, statement_seconds=5)
        await closed.wait()
    assert seen == bytes([0, 0, 0, 8, 4, 210, 22, 47]), "a request for TLS, and nothing else"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("postgres://h/d", "postgresql://h/d"),
        ("postgres:///d", "postgresql:///d"),
        ("postgres://u@[::1]:5433/d", "postgresql://u@[::1]:5433/d"),
        ("postgres://u:p@h,g/d?target_session_attrs=any", "postgresql://u:p@h,g/d?target_session_attrs=any"),
        ("postgres://u:a%20b%2Bc+d@h/d%20e", "postgresql://u:a%20b%2Bc%2Bd@h/d%20e"),
        (
            "postgres://u:p@/d?host=/a%20b&application_name=x+y",
            "postgresql://u:p@/d?host=%2Fa%20b&application_name=x%20y",
        ),
    ],
)
def test_the_address_is_written_out_for_libpq(given: str, told: str) -> None:
    assert libpq_url(database_url(given)) == told


_PASSWORD = "p@ss/w:rd + 100 % ?#&=ü'\""


@pytest.fixture
async def difficult(database_url: str) -> AsyncIterator[str]:
    """The URL of a user with every character in the password that a URL could stumble over."""
    admin = await asyncpg.connect(database_url)
    role = await admin.fetchval("select 'role_' || md5(random()::text)")
    await admin.execute(f"create role {role} login password '{_PASSWORD.replace(chr(39), chr(39) * 2)}'")
    yield f"postgresql://{role}:{quote(_PASSWORD, safe='')}@/" + database_url.partition("@/")[2]
    await admin.execute(f"drop role {role}")
    await admin.close()


async def test_a_password_of_odd_characters(difficult: str) -> None:
    opened = Database(difficult, pool=1)
    try:
        async with opened.reading() as session:
            assert await session.scalar(text("select 1")) == 1
        async with await psycopg.AsyncConnection.connect(libpq_url(opened.url)):
            pass
    finally:
        await opened.close()


async def test_nobody_there_is_an_os_error(database_url: str) -> None:
    nowhere = database_url.partition("?")[0] + "?host=/nonexistent"
    address = Database(nowhere, pool=1).url
    with pytest.raises(OSError, match="No such file"):
        await connect(address, name="test", timeout_seconds=2, statement_seconds=2)


async def test_a_full_server_is_away_too(database_url: str, postgres: str) -> None:
    admin = await asyncpg.connect(postgres)
    name = database_url.partition("?")[0].rpartition("/")[2]
    await admin.execute(f"create role full_{name} login connection limit 0 password 'x'")
    full = f"postgresql://full_{name}:x@/" + database_url.partition("@/")[2]
    try:
        with pytest.raises(ConnectionError):
            await connect(Database(full, pool=1).url, name="test", timeout_seconds=2, statement_seconds=2)
    finally:
        await admin.execute(f"drop role full_{name}")
        await admin.close()
