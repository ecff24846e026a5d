"""Every connection sets its isolation level; serialization failures and deadlocks are retried."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from db.postgres.database import Database
from db.postgres.migrate import migrating
from db.postgres.outage import client_error, is_conflict, is_outage
from db.queue.jobs import queue_app
from db.viewer import Viewer
from tests.db.rows import open_session, say_in, scalar, write

_LEVEL = "show transaction_isolation"


@pytest.fixture(params=["serializable", "repeatable read"])
async def strict_url(database_url: str, request: pytest.FixtureRequest) -> str:
    """The URL of a database whose default isolation level is stricter than READ COMMITTED."""
    admin = await asyncpg.connect(database_url)
    name = await admin.fetchval("select current_database()")
    await admin.execute(f"alter database {name} set default_transaction_isolation = '{request.param}'")
    await admin.close()
    return database_url


@pytest.fixture
async def strict(strict_url: str) -> AsyncIterator[Database]:
    opened = Database(strict_url)
    yield opened
    await opened.close()


async def test_every_connection_sets_its_isolation_level(strict: Database, strict_url: str) -> None:
    async with strict.transaction() as session:
        assert await session.scalar(text(_LEVEL)) == "read committed"
    async with strict.reading() as session:
        assert await session.scalar(text(_LEVEL)) == "repeatable read", "one moment for all statements: asked for"
    for each in (strict.reader, strict.live, strict.writer):
        assert await each.row(_LEVEL, []) == ("read committed",)
    listening = await strict.connect()
    assert await listening.fetchval(_LEVEL) == "read committed"
    await listening.close()
    async with migrating(strict_url) as connection:
        assert await connection.scalar(text(_LEVEL)) == "read committed"
    async with queue_app(strict).open_async() as app:
        assert list((await app.connector.execute_query_one_async(_LEVEL)).values()) == ["read committed"]


def test_connections_are_opened_in_one_place() -> None:
    """A connection opened elsewhere would have the isolation level and timeouts of the server."""
    opens = re.compile(
        r"asyncpg\.(connect|create_pool)\(|psycopg\.(Async)?Connection|psycopg\.connect|PsycopgConnector\("
    )
    root = Path(__file__).parents[3]
    sources = [each for name in ("db", "graph", "inference", "migrations") for each in (root / name).rglob("*.py")]
    found = {each.relative_to(root).as_posix() for each in sources if opens.search(each.read_text())}
    assert found == {"db/postgres/connect.py", "db/queue/jobs.py"}


async def test_concurrent_messages_are_all_stored(strict: Database, viewer: Viewer) -> None:
    async def send(session_id: UUID) -> UUID:
        return await strict.run(lambda session: say_in(session, viewer, session_id))

    sessions = await asyncio.gather(*(open_session(strict, viewer) for _ in range(12)))
    await asyncio.gather(*(send(each) for each in sessions), *(send(sessions[0]) for _ in range(8)))
    assert await scalar(strict, "select count(*) from turns") == 20


@pytest.fixture
async def pair(database: Database, viewer: Viewer) -> tuple[UUID, UUID]:
    return await open_session(database, viewer), await open_session(database, viewer)


async def test_a_deadlock_is_retried(database: Database, pair: tuple[UUID, UUID]) -> None:
    """Two transactions lock two rows in opposite order; the server aborts one of them."""
    met = asyncio.Barrier(2)
    tries = 0

    async def crossing(first: UUID, second: UUID) -> None:
        nonlocal tries
        waited = False

        async def work(session: AsyncSession) -> None:
            nonlocal tries, waited
            tries += 1
            await session.execute(text("set local deadlock_timeout = '100ms'"))
            await session.execute(_COUNT, {"id": first})
            if not waited:
                waited = True
                await met.wait()
            await session.execute(_COUNT, {"id": second})

        await database.run(work)

    async with asyncio.timeout(30):
        await asyncio.gather(crossing(*pair), crossing(*reversed(pair)))
    assert tries == 3
    assert await scalar(database, "select array_agg(turn_count) from sessions") == [2, 2]


_COUNT = text("update sessions set turn_count = turn_count + 1 where id = :id")
_FAIL = text("do $$ begin raise exception 'as the server would' using errcode = '40001'; end $$")


async def test_a_persistent_conflict_is_overloaded(database: Database, pair: tuple[UUID, UUID]) -> None:
    tries = 0

    async def work(session: AsyncSession) -> None:
        nonlocal tries
        tries += 1
        await session.execute(_COUNT, {"id": pair[0]})
        await session.execute(_FAIL)

    with pytest.raises(DBAPIError) as failed:
        await database.run(work)
    assert is_conflict(failed.value) and not is_outage(failed.value)
    told = client_error(failed.value)
    assert told is not None and told.code == "OVERLOADED" and told.extensions["retryAfterSeconds"] > 0
    assert 1 < tries < 20, "the tries have an end"
    assert await scalar(database, "select sum(turn_count) from sessions") == 0


async def test_a_retried_transaction_notifies_once(database: Database, pair: tuple[UUID, UUID]) -> None:
    """Only the attempt that was committed has events."""
    tries = 0

    async def work(session: AsyncSession) -> None:
        nonlocal tries
        tries += 1
        await session.execute(_COUNT, {"id": pair[0]})
        if tries < 3:
            await session.execute(_FAIL)

    await database.run(work)
    assert (tries, await scalar(database, "select sum(turn_count) from sessions")) == (3, 1)
    assert await write(database, pair[0]) == 1


async def test_a_conflict_of_psycopg_is_recognized(database: Database) -> None:
    async with queue_app(database).open_async() as app:
        with pytest.raises(ConnectorException) as failed:
            await app.connector.execute_query_async(_FAIL.text)
    assert is_conflict(failed.value) and not is_outage(failed.value)
