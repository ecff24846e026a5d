"""Parser of DATABASE_URL: schemes, hosts, options, passwords, and errors without secrets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import asyncpg
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text

from db.errors import BadUserInput, ConnectFailed
from db.postgres.address import parse_database_url
from db.postgres.connect import connect
from db.postgres.database import Database


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


@pytest.mark.parametrize(
    "address",
    ["mysql://u:secret@h/d", "sqlite:///secret", "secret", "", "postgresqlx://u:secret@h/d", "postgresql://h:secret/d"],
)
def test_an_error_does_not_repeat_the_url(address: str) -> None:
    with pytest.raises(BadUserInput, match="postgresql://user:password@host") as refused:
        parse_database_url(address)
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    "option", ["channel_binding=require", "pgbouncer=true", "statement_timeout=1", "host=a&host=b"]
)
def test_an_option_that_would_be_ignored_is_named(option: str) -> None:
    with pytest.raises(BadUserInput, match=option.partition("=")[0]) as refused:
        parse_database_url(f"postgresql://u:secret@h/d?sslmode=require&{option}")
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sslmode=require", {"sslmode": "require"}),
        ("ssl=require", {"sslmode": "require"}),
        ("ssl=true", {"sslmode": "require"}),
        ("sslmode=verify-full&sslrootcert=/ca.pem", {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}),
        ("channel_binding=prefer", {}),
        ("application_name=x+y%20z", {"application_name": "x+y z"}),
    ],
)
def test_options_have_libpqs_names(query: str, expected: dict[str, str]) -> None:
    assert parse_database_url(f"postgresql://u:p@h/d?{query}").options == expected


@pytest.mark.parametrize("query", ["sslmode=disable", "sslmode=prefer", "ssl=prefer", "connect_timeout=5&keepalives=1"])
async def test_both_drivers_accept_the_options(database_url: str, query: str) -> None:
    opened = Database(f"{database_url}&{query}", pool=1)
    try:
        async with opened.reading() as session:
            assert await session.scalar(text("select 1")) == 1
        async with await psycopg.AsyncConnection.connect(opened.address.conninfo) as other:
            assert (await (await other.execute("select 1")).fetchone()) == (1,)
    finally:
        await opened.close()


async def test_sslmode_require_refuses_a_server_without_tls() -> None:
    """The user name is not sent to a server without TLS."""
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
        address = parse_database_url(f"postgres://u:p@127.0.0.1:{port}/d?sslmode=require")
        with pytest.raises(ConnectFailed):
            await connect(address, name="test", timeout_seconds=5, statement_seconds=5)
        await closed.wait()
    assert seen == bytes([0, 0, 0, 8, 4, 210, 22, 47]), "a request for TLS, and nothing else"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("postgres://h/d", {"host": "h", "dbname": "d"}),
        ("postgres:///d", {"dbname": "d"}),
        (" postgres://h/d\n", {"host": "h", "dbname": "d"}),
        ("postgres://u@[::1]:5433/d", {"user": "u", "host": "::1", "port": "5433", "dbname": "d"}),
        (
            "postgres://u:p@h:1,g:2/d",
            {"user": "u", "password": "p", "host": "h,g", "port": "1,2", "dbname": "d"},
        ),
        ("postgres://h,g:2/d", {"host": "h,g", "port": ",2", "dbname": "d"}),
        ("postgres:///d?host=h,/run/g&port=1,2", {"host": "h,/run/g", "port": "1,2", "dbname": "d"}),
        ("postgres:///d?host=h,g&port=7", {"host": "h,g", "port": "7,7", "dbname": "d"}),
        ("postgres://u@%2Frun%2Fa%20b:6/d", {"user": "u", "host": "/run/a b", "port": "6", "dbname": "d"}),
        (
            "postgres://u:a%20b%2Bc+d@h/d%20e",
            {"user": "u", "password": "a b+c+d", "host": "h", "dbname": "d e"},
        ),
    ],
)
def test_the_parser_agrees_with_libpq(given: str, told: dict[str, str]) -> None:
    """Compares with libpq's parser, except for one port of all hosts, which libpq accepts only in another form."""
    read = conninfo_to_dict(parse_database_url(given).conninfo)
    assert read.pop("target_session_attrs") == ("read-write" if "," in told.get("host", "") else "any")
    assert read == told
    if "port=7" not in given:
        assert conninfo_to_dict(given.strip()) == told


_PASSWORD = "p@ss/w:rd + 100 % ?#&=ü'\""


@pytest.fixture
async def difficult(database_url: str) -> AsyncIterator[str]:
    """The URL of a user whose password has every character that is special in a URL."""
    admin = await asyncpg.connect(database_url)
    role = await admin.fetchval("select 'role_' || md5(random()::text)")
    await admin.execute(f"create role {role} login password '{_PASSWORD.replace(chr(39), chr(39) * 2)}'")
    yield f"postgresql://{role}:{quote(_PASSWORD, safe='')}@/" + database_url.partition("@/")[2]
    await admin.execute(f"drop role {role}")
    await admin.close()


async def test_a_password_of_special_characters(difficult: str) -> None:
    opened = Database(difficult, pool=1)
    try:
        async with opened.reading() as session:
            assert await session.scalar(text("select 1")) == 1
        async with await psycopg.AsyncConnection.connect(opened.address.conninfo):
            pass
    finally:
        await opened.close()


async def test_a_server_that_is_not_there_is_an_os_error(database_url: str) -> None:
    nowhere = database_url.partition("?")[0] + "?host=/nonexistent"
    address = Database(nowhere, pool=1).address
    with pytest.raises(OSError, match="No such file"):
        await connect(address, name="test", timeout_seconds=2, statement_seconds=2)


async def test_a_server_without_free_connections_is_an_outage(database_url: str, postgres: str) -> None:
    admin = await asyncpg.connect(postgres)
    name = database_url.partition("?")[0].rpartition("/")[2]
    await admin.execute(f"create role full_{name} login connection limit 0 password 'x'")
    full = f"postgresql://full_{name}:x@/" + database_url.partition("@/")[2]
    try:
        with pytest.raises(ConnectFailed):
            await connect(Database(full, pool=1).address, name="test", timeout_seconds=2, statement_seconds=2)
    finally:
        await admin.execute(f"drop role full_{name}")
        await admin.close()
