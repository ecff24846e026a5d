"""Mistakes in DATABASE_URL: one line with host, port, database and the server's message; hosts of a failover."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from db.errors import BadUserInput, ConnectFailed
from db.postgres.address import parse_database_url
from db.postgres.check import check_database
from db.postgres.connect import connect
from db.postgres.database import Database
from db.postgres.embedded import EmbeddedPostgres
from db.postgres.migrate import migrate
from db.queue.jobs import queue_app
from graph.cli import main as cli

PASSWORD = "p@ss:w/o?r#d% &+é[x]"


def at_socket(url: str) -> str:
    """The directory of the server's socket, percent-encoded as a host."""
    return quote(parse_database_url(url).hosts[0], safe="")


@pytest.fixture
async def role(database_url: str) -> AsyncIterator[str]:
    """User and password, percent-encoded, of a database user with special characters."""
    admin = await asyncpg.connect(database_url)
    name = await admin.fetchval("select 'role_' || md5(random()::text)")
    await admin.execute(f"create role {name} login superuser password '{PASSWORD}'")
    yield f"{name}:{quote(PASSWORD, safe='')}"
    await admin.execute(f"drop role {name}")
    await admin.close()


async def said(url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The one line that ``voxloom migrate`` writes to standard error; '' if it succeeds."""
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setattr(sys, "argv", ["voxloom", "migrate"])

    def fails() -> bool:
        try:
            cli.main()
        except SystemExit as end:
            return bool(end.code)
        return False

    failed = await asyncio.to_thread(fails)
    captured = capsys.readouterr()
    told = captured.err.rstrip("\n")
    assert captured.out == ""
    assert failed == bool(told)
    assert "\n" not in told
    for part in ("p@ss", "p%40ss", PASSWORD, quote(PASSWORD, safe="")):
        assert part not in told
    return told


async def test_each_mistake_is_one_line(
    database_url: str, role: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, socket = parse_database_url(database_url), at_socket(database_url)
    user = role.partition(":")[0]
    admin = await asyncpg.connect(database_url)
    await admin.execute("drop database if exists d_latin1")
    await admin.execute("create database d_latin1 encoding 'LATIN1' locale 'C' template template0")
    mistakes = {
        f"postgresql://{user}:nope@{socket}:5432/{address.database}": ["5432", user, "password authentication failed"],
        f"postgresql://{role}@{socket}:5432/nodb": [":5432/nodb", 'database "nodb" does not exist'],
        f"postgresql://{role}@127.0.0.1:1/vox": ["127.0.0.1:1/vox", "Connection refused"],
        f"postgresql://{role}@no.such.host.invalid/vox": ["no.such.host.invalid:5432/vox", "not known"],
        f"postgresql://{role}@127.0.0.1:1/v?sslmode=verify-full&sslrootcert=/nope.crt": ["127.0.0.1:1/v", "/nope.crt"],
        f"postgresql://{role}@127.0.0.1:1/vox?sslmode=bogus": ["sslmode", "verify-full"],
        f"postgresql://{role}@{socket}:5432/d_latin1": ["/d_latin1", "LATIN1", "UTF8"],
        "postgresql://vox:p@ss@127.0.0.1:1/vox": ["percent-encoded"],
        "postgresql://vox:p%ss@127.0.0.1:1/vox": ["%25"],
        "postgresql://vox:x@127.0.0.1:port/vox": ["port"],
        "postgresql://vox:x@127.0.0.1:1/vox\nexport A=b": ["line break"],
        "postgresql://vox:x@127.0.0.1:1/vox?foo=bar": ["foo"],
        "host=127.0.0.1 dbname=vox": ["not a URI", "postgresql://user:password@host:5432/name"],
    }
    try:
        for url, words in mistakes.items():
            told = await said(url, capsys, monkeypatch)
            assert all(each in told for each in words), (told, words)
    finally:
        await admin.execute("drop database d_latin1")
        await admin.close()


async def test_a_missing_privilege_is_one_line(
    empty: str, role: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await asyncpg.connect(empty)
    await admin.execute(f"alter role {role.partition(':')[0]} nosuperuser")
    name = parse_database_url(empty).database
    url = f"postgresql://{role}@{at_socket(empty)}/{name}"
    told = await said(url, capsys, monkeypatch)
    assert f"/{name}: permission denied for schema public" in told and "42501" in told
    await admin.execute(f"alter database {name} set default_transaction_read_only = on")
    told = await said(empty, capsys, monkeypatch)
    assert f"/{name}: cannot execute" in told and "25006" in told
    await admin.close()


async def test_the_error_names_a_server_without_tls(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"N")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        told = await said(f"postgresql://u:x@127.0.0.1:{port}/vox?sslmode=require", capsys, monkeypatch)
        assert f"127.0.0.1:{port}/vox" in told
        assert "rejected SSL upgrade" in told


async def test_both_drivers_accept_libpqs_forms(
    database_url: str, role: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, socket = parse_database_url(database_url).database, at_socket(database_url)
    for url in (
        f"postgresql://{role}@{socket}:5432/{name}",
        f"postgresql://{role}@127.0.0.1:1,{socket}:5432/{name}",
        f"postgresql://{role}@/{name}?host=127.0.0.1,{socket}&port=1,5432",
        f"  postgresql://{role}@{socket}/{name}\n",
    ):
        assert await said(url, capsys, monkeypatch) == ""
        database = Database(url)
        async with queue_app(database).open_async() as app:
            found = await app.connector.execute_query_one_async("select current_database()::text as name")
        assert found == {"name": name}
        await database.close()


async def refusal_of(url: str, *module: str) -> str:
    """The one line that a process writes instead of starting."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *module),
        env={"PATH": "/usr/bin", "DATABASE_URL": url, "VOXLOOM_PORT": "0"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(90):
        out, _ = await process.communicate()
    assert process.returncode == 1
    (line,) = out.decode().splitlines()
    return line


async def test_serve_and_worker_refuse_in_one_line(database_url: str) -> None:
    wrong = f"postgresql://nobody:secret@{at_socket(database_url)}/nodb"
    for module in (("graph.cli.main", "serve"), ("inference.worker.main",)):
        line = await refusal_of(wrong, *module)
        assert 'password authentication failed for user "nobody"' in line and "/nodb" in line
        assert "secret" not in line


async def test_serve_refuses_a_database_without_schema_in_one_line(postgres: str) -> None:
    assert "voxloom migrate" in await refusal_of(postgres, "graph.cli.main", "serve")


async def test_two_addresses_must_be_one_database(database_url: str, postgres: str) -> None:
    await check_database(database_url, database_url)
    with pytest.raises(BadUserInput, match="the same database"):
        await check_database(database_url, postgres)
    with pytest.raises(ConnectFailed):
        await check_database("postgresql://u:x@127.0.0.1:1/d", None)
    await check_database("postgresql://u:x@127.0.0.1:1/d", None, may_be_away=True)
    with pytest.raises(ConnectFailed, match="does not exist"):  # waiting would not help
        await check_database(database_url.replace("/test_", "/no_"), None, may_be_away=True)


@pytest.fixture
async def standby() -> AsyncIterator[str]:
    """The URL of another, read-only server with the schema."""
    directory = Path(tempfile.mkdtemp(prefix="voxloom-standby-"))
    directory.chmod(0o755)  # noqa: ASYNC240 - as root, Postgres runs as another user
    server = EmbeddedPostgres(directory)
    await asyncio.to_thread(server.start)
    try:
        await migrate(server.url)
        admin = await asyncpg.connect(server.url)
        await admin.execute("alter system set default_transaction_read_only = on")
        await admin.execute("select pg_reload_conf()")
        await admin.close()
        yield server.url
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(directory, ignore_errors=True)


async def test_of_several_hosts_the_writable_one_is_used(database_url: str, standby: str) -> None:
    """Failover by both drivers, for every kind of connection."""
    own = parse_database_url(database_url).database
    primary = await asyncpg.connect(database_url)
    await primary.execute("create role pair login superuser password 'x'")
    second = await asyncpg.connect(standby)
    await second.execute("set default_transaction_read_only = off")
    await second.execute("create role pair login superuser password 'x'")
    await second.execute(f"create database {own}")
    await second.close()
    url = f"postgresql://pair:x@{at_socket(standby)},{at_socket(database_url)}/{own}"
    database = Database(url)
    read_only = "show transaction_read_only"
    started = "select pg_postmaster_start_time()"
    expected = (await primary.fetchval(started),)
    assert await database.writer.row(read_only, []) == ("off",)
    for each in (database.writer, database.reader, database.live):
        assert await each.row(started, []) == expected
    async with queue_app(database).open_async() as app:
        assert await app.connector.execute_query_one_async(read_only) == {"transaction_read_only": "off"}
    await database.close()
    with pytest.raises(ConnectFailed, match="not read-write"):
        await connect(
            parse_database_url(f"postgresql://pair:x@{at_socket(standby)},{at_socket(standby)}/{own}"),
            name="test",
            timeout_seconds=5,
            statement_seconds=5,
        )
    await primary.execute("drop role pair")
    await primary.close()
