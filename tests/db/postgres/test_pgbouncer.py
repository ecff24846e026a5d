"""PgBouncer in session mode, and in transaction mode with a direct address for LISTEN and the queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import text

from db.commands.keys import create_key
from db.errors import BadUserInput
from db.feed.feed import Feed
from db.postgres.address import parse_database_url
from db.postgres.check import check_database, check_session
from db.postgres.database import Database
from db.postgres.migrate import migrate
from db.viewer import Viewer
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from tests.conftest import lent, working
from tests.db.rows import eventually, open_session, scalar, write
from tests.db.servers import by_tcp, pgbouncer
from tests.graph.edge import opened

_BOUNDS = "select current_setting('statement_timeout'), current_setting('transaction_isolation')"
_LEFT = "select count(*) from pg_prepared_statements"


@dataclass
class Pooled:
    """A database behind PgBouncer. ``listen_url``: a direct address, in transaction mode."""

    url: str
    listen_url: str | None
    direct: str


@pytest.fixture(params=["session", "transaction"])
async def pooled(postgres: str, database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Pooled]:
    with pgbouncer(postgres, mode=request.param, size=60 if request.param == "session" else 4) as port:
        listen_url = database_url if request.param == "transaction" else None
        yield Pooled(by_tcp(database_url, port), listen_url, database_url)


@pytest.fixture
async def pooled_database(pooled: Pooled) -> AsyncIterator[Database]:
    database = Database(pooled.url, listen_url=pooled.listen_url, pool=10, readers=4, timeout_seconds=10)
    yield database
    await database.close()


async def test_conversations_work(pooled: Pooled, pooled_database: Database) -> None:
    """API, worker, subscription and reads, with fewer server connections than clients."""
    model = FakeChatModel(lambda _: "one two three four")
    settings = {"database_listen_url": pooled.listen_url, "database_timeout_seconds": 10}
    async with (
        opened(pooled.url, **settings) as edge,
        edge.tenant() as client,
        working(pooled_database, lent(FakeTranscriber(), model, FakeSynthesizer())),
    ):

        async def converse() -> None:
            session = await client.create_session()
            for number in range(3):
                turn = await client.send(session, {"text": f"hello {number}"}, waitSeconds=60)
                assert turn["status"] == "COMPLETED"
            read = await client.run(_CONVERSATION, id=session)
            assert [each["status"] for each in read["conversation"]["turns"]] == ["COMPLETED"] * 3
            assert await client.run(_CONVERSATION, id=session) == read

        async with asyncio.timeout(100):
            await asyncio.gather(*(converse() for _ in range(8)))
        ready = await client.http.get("/readyz")
        assert ready.status_code == 200


_CONVERSATION = "query($id: ID!) { conversation(sessionId: $id) { lastSeq turns { status } messages { text } } }"


async def test_every_transaction_sets_isolation_level_and_timeouts(pooled_database: Database) -> None:
    async with pooled_database.transaction() as session:
        assert (await session.execute(text(_BOUNDS))).one() == ("10s", "read committed")
    async with pooled_database.reading() as session:
        assert (await session.execute(text(_BOUNDS))).one() == ("10s", "repeatable read")
    for each in (pooled_database.reader, pooled_database.live, pooled_database.writer):
        assert await each.row(_BOUNDS, []) == ("10s", "read committed")


async def test_a_shared_session_keeps_no_state(pooled: Pooled, pooled_database: Database) -> None:
    """The next client finds the server's default settings and no prepared statements."""
    if pooled.listen_url is None:
        pytest.skip("in session mode PgBouncer resets it")
    for number in range(30):
        await scalar(pooled_database, f"select {number}")
        await pooled_database.writer.row("select $1::int", [number])
    stranger = Database(pooled.url, listen_url=pooled.listen_url)
    try:
        for _ in range(8):
            async with stranger.engine.connect() as connection:
                assert await connection.scalar(text("show statement_timeout")) == "0"
                assert await connection.scalar(text(_LEFT)) <= 1  # this query's own
    finally:
        await stranger.close()


@pytest.mark.parametrize("round_robin", [True, False])
async def test_transaction_mode_without_a_direct_address_is_refused(
    postgres: str, database_url: str, round_robin: bool
) -> None:
    with pgbouncer(postgres, mode="transaction", round_robin=round_robin) as port:
        url = by_tcp(database_url, port)
        unfit = [partial(check_database, url, None), partial(check_database, database_url, url), partial(migrate, url)]
        for work in unfit:
            with pytest.raises(BadUserInput, match="transaction mode: set DATABASE_LISTEN_URL"):
                await work()
        await check_database(url, database_url)


async def test_session_mode_with_one_connection_is_accepted(postgres: str, database_url: str) -> None:
    with pgbouncer(postgres, mode="session", size=1) as port:
        await check_session(parse_database_url(by_tcp(database_url, port)), "DATABASE_URL")


async def test_processes_that_start_together_migrate_once(postgres: str, pooled: Pooled) -> None:
    admin = Database(postgres)
    try:
        async with admin.engine.connect() as connection:
            own = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await own.execute(text("drop database if exists behind with (force)"))
            await own.execute(text("create database behind"))
        old = "/test_" + pooled.url.rpartition("/test_")[2]
        url = pooled.url.replace(old, "/behind")
        if pooled.listen_url is not None:
            url = pooled.direct.replace(old, "/behind")
        async with asyncio.timeout(60):
            await asyncio.gather(*(migrate(url) for _ in range(3)))
        fresh = Database(url)
        async with fresh.transaction() as session:
            await create_key(session, name="first")
        await fresh.close()
    finally:
        await admin.close()


async def test_notifications_arrive_through_the_direct_address(
    pooled: Pooled, pooled_database: Database, viewer: Viewer
) -> None:
    await check_database(pooled.url, pooled.listen_url)
    session_id = await open_session(pooled_database, viewer)
    feed = Feed(pooled_database, poll_seconds=60)
    heard: list[UUID] = []
    feed.on_notification.append(heard.append)
    await feed.start()
    try:

        async def told() -> bool:
            await write(pooled_database, session_id)
            await asyncio.sleep(0.2)
            return heard[:1] == [session_id]

        await eventually(told)
    finally:
        await feed.close()
