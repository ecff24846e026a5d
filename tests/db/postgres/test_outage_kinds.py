"""Classification of errors: only outages of the database are DATABASE_UNAVAILABLE."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from db.errors import ConnectFailed
from db.logs import error_fields
from db.postgres.address import parse_database_url
from db.postgres.database import Database
from db.postgres.outage import client_error, is_outage, retry_outage
from db.queue.workers import deregister
from tests.db.rows import eventually, scalar
from tests.db.servers import by_tcp

NOBODY = "postgresql://u:secret@127.0.0.1:1/d"


async def error_of(work: Callable[[], Awaitable[Any]]) -> Exception:
    try:
        await work()
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


async def sql(database: Database, statement: str, **values: object) -> Exception:
    async def work() -> None:
        async with database.transaction() as session:
            await session.execute(text(statement), values)

    return await error_of(work)


def code_of(error: Exception) -> str | None:
    told = client_error(error)
    return None if told is None else told.code


@pytest.mark.parametrize(
    "statement",
    ["select nothing", "select 1 / 0", "select from nowhere", "insert into tenants (id) values (null)", "begin; begin"],
)
async def test_a_refused_statement_is_no_outage(database: Database, statement: str) -> None:
    error = await sql(database, statement)
    assert (is_outage(error), code_of(error)) == (False, None)


async def test_a_value_refused_by_the_driver_is_no_outage(database: Database) -> None:
    """asyncpg raises InterfaceError for closed connections, too."""
    error = await error_of(lambda: database.reader.row("select $1::int4", [1, 2]))
    assert isinstance(error, asyncpg.InterfaceError)
    assert not is_outage(error)
    assert not is_outage(await error_of(lambda: database.reader.row("select $1::int4", [2**40])))
    assert not is_outage(await sql(database, "select cast(:n as int4)", n=2**40))


async def test_an_error_of_a_file_or_of_another_server_is_no_outage(tmp_path: Path) -> None:
    async def late() -> None:
        async with asyncio.timeout(0):
            await asyncio.sleep(1)

    async def missing() -> None:
        await asyncio.to_thread((tmp_path / "nothing").read_text)

    async def refused() -> None:
        await asyncio.open_connection("127.0.0.1", 1)

    for work in (late, missing, refused):
        assert not is_outage(await error_of(work))


async def test_a_statement_timeout_is_no_outage(database_url: str) -> None:
    hasty = Database(database_url, pool=1, timeout_seconds=0.2)
    try:
        for error in (
            await sql(hasty, "select pg_sleep(9)"),
            await error_of(lambda: hasty.writer.row("select pg_sleep(9)", [])),
        ):
            assert (is_outage(error), code_of(error)) == (False, "OPERATION_TIMEOUT")
            assert error_fields(error)["sqlstate"] == "57014"
    finally:
        await hasty.close()


async def test_an_exhausted_pool_is_no_outage(database_url: str) -> None:
    small = Database(database_url, pool=1, timeout_seconds=0.2)
    try:
        async with small.engine.connect():
            error = await sql(small, "select 1")
        assert (is_outage(error), code_of(error)) == (False, "OVERLOADED")
    finally:
        await small.close()


async def test_a_terminated_connection_is_an_outage(database: Database) -> None:
    cut = "select pg_terminate_backend(pg_backend_pid())"
    assert code_of(await sql(database, cut)) == "DATABASE_UNAVAILABLE"
    assert code_of(await error_of(lambda: database.reader.row(cut, []))) == "DATABASE_UNAVAILABLE"
    assert await scalar(database, "select 1") == 1


async def test_a_server_that_stops_answering_is_an_outage(database_url: str) -> None:
    """A TimeoutError of the driver, recognized by its traceback."""
    hasty = Database(database_url, pool=1, timeout_seconds=0.2)
    pid = await hasty.writer.row("select pg_backend_pid()", [])
    assert pid is not None
    os.kill(pid[0], signal.SIGSTOP)
    try:
        error = await error_of(lambda: hasty.writer.row("select 1", []))
        assert isinstance(error, TimeoutError)
        assert code_of(error) == "DATABASE_UNAVAILABLE"
    finally:
        os.kill(pid[0], signal.SIGCONT)
        await hasty.close()


async def test_a_connection_that_is_reset_is_an_outage(database_url: str, database: Database) -> None:
    """The network fails between the statement and its answer."""
    sleeping = "select count(*) from pg_stat_activity where query like 'select pg_sleep(60)%' and state = 'active'"
    async with resettable(database_url) as (url, reset):
        broken = Database(url, pool=1)

        async def plain() -> Exception:
            return await error_of(lambda: broken.writer.row("select pg_sleep(60) -- plain", []))

        for asked in (plain, lambda: sql(broken, "select pg_sleep(60)")):
            asking = asyncio.create_task(asked())
            await eventually(lambda: scalar(database, sleeping))
            reset()
            assert code_of(await asking) == "DATABASE_UNAVAILABLE"
            await database.writer.rows(f"select pg_terminate_backend(pid) from ({_SLEEPERS}) as sleeper", [])
        await broken.close()


_SLEEPERS = "select pid from pg_stat_activity where query like 'select pg_sleep(60)%' and pid <> pg_backend_pid()"


@asynccontextmanager
async def resettable(url: str) -> AsyncIterator[tuple[str, Callable[[], None]]]:
    """The URL of a proxy of the database, and a function that resets all connections through it."""
    address = parse_database_url(url)
    clients: list[asyncio.StreamWriter] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.append(writer)
        back, forth = await asyncio.open_unix_connection(f"{address.hosts[0]}/.s.PGSQL.5432")
        await asyncio.gather(copy(reader, forth), copy(back, writer))

    def reset() -> None:
        for each in clients:
            raw = each.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            each.transport.abort()
        clients.clear()

    async with await asyncio.start_server(forward, "127.0.0.1", 0) as server:
        yield by_tcp(url, server.sockets[0].getsockname()[1]) + "?sslmode=disable", reset
        reset()


async def test_a_server_that_does_not_answer_is_an_outage() -> None:
    left = asyncio.Semaphore(0)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.release()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = Database(f"postgresql://u:secret@127.0.0.1:{port}/d?sslmode=disable", timeout_seconds=0.2)
        for error in (await sql(database, "select 1"), await error_of(lambda: database.reader.row("select 1", []))):
            assert code_of(error) == "DATABASE_UNAVAILABLE"
            assert "no answer within" in str(error)
            await left.acquire()
        await database.close()


async def test_logs_have_the_source_line_and_the_sqlstate(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("drop table workers"))
    fields = error_fields(await error_of(lambda: database.run(lambda session: deregister(session, uuid4()))))
    assert (fields["error"], fields["sqlstate"]) == ("UndefinedTableError", "42P01")
    assert fields["where"].startswith("db/queue/workers.py:")
    fields = error_fields(await error_of(lambda: database.reader.row("select 1 / 0", [])))
    assert (fields["error"], fields["sqlstate"]) == ("DivisionByZeroError", "22012")
    assert fields["where"].startswith("db/postgres/pool.py:")


async def test_an_outage_is_logged_with_the_reason() -> None:
    database = Database(NOBODY, pool=1)
    with capture_logs() as logs, pytest.raises(ConnectFailed):
        await retry_outage(lambda: database.reader.row("select 1", []), patience_seconds=0.6)
    await database.close()
    assert logs
    assert logs[0]["event"] == "database_away"
    assert "127.0.0.1:1/d" in logs[0]["reason"] and "refused" in logs[0]["reason"].lower()
    assert logs[0]["where"].startswith("db/")
    assert "secret" not in str(logs)
