"""Timeouts, cancellation, transactions and reconnects of the SQLAlchemy pool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.models.conversation import Session
from db.models.tenancy import Tenant
from db.postgres.database import Database
from db.viewer import Viewer
from tests.db.rows import open_session, scalar, write


@pytest.fixture
async def hasty(database_url: str) -> AsyncIterator[Database]:
    """A pool of two connections with a short timeout."""
    opened = Database(database_url, pool=2, timeout_seconds=0.3)
    yield opened
    await opened.close()


async def test_a_statement_times_out(hasty: Database, database: Database) -> None:
    with pytest.raises((DBAPIError, TimeoutError)):
        async with hasty.transaction() as session:
            await session.execute(text("select pg_sleep(60)"))
    async with hasty.transaction() as session:
        assert await session.scalar(text("select 1")) == 1
    running = "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'"
    assert await scalar(database, running) == 0


async def test_a_wait_for_an_exhausted_pool_times_out(hasty: Database) -> None:
    async with hasty.engine.connect(), hasty.engine.connect():
        async with asyncio.timeout(10):
            with pytest.raises(PoolTimeout):
                async with hasty.transaction() as session:
                    await session.execute(text("select 1"))
    async with hasty.transaction() as session:
        assert await session.scalar(text("select 1")) == 1


async def test_an_idle_transaction_is_ended_by_the_server(hasty: Database, database: Database, viewer: Viewer) -> None:
    """A stopped process must not hold a session's row lock."""
    session_id = await open_session(database, viewer)
    with pytest.raises(DBAPIError):
        async with hasty.transaction() as stuck:
            await stuck.execute(select(Session.id).where(Session.id == session_id).with_for_update())
            async with asyncio.timeout(10):
                await write(database, session_id)  # waits for the row
            await stuck.execute(text("select 1"))
    assert await scalar(database, "select last_seq from sessions where id = :id", id=session_id) == 1


async def test_a_cancelled_task_releases_its_connection(database_url: str) -> None:
    opened = Database(database_url, pool=2, timeout_seconds=5)

    async def work() -> None:
        async with opened.transaction() as session:
            await session.execute(text("create table if not exists never (n int)"))
            await session.execute(text("select pg_sleep(60)"))

    try:
        for number in range(30):
            task = asyncio.create_task(work())
            await asyncio.sleep(number % 6 * 0.004)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        async with asyncio.timeout(30):
            async with opened.transaction() as one, opened.transaction() as two:
                assert await one.scalar(text("select to_regclass('never')")) is None
                assert await two.scalar(text("select 1")) == 1
    finally:
        await opened.close()


async def test_an_error_rolls_the_transaction_back(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            session.add(Tenant(name="half"))
            await session.flush()
            raise RuntimeError
    assert await scalar(database, "select count(*) from tenants where name = 'half'") == 0


async def test_reading_uses_one_read_only_snapshot(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    newest = select(Session.last_seq).where(Session.id == session_id)
    async with database.reading() as session:
        assert await session.scalar(newest) == 0
        await write(database, session_id)
        assert await session.scalar(newest) == 0
    with pytest.raises(DBAPIError, match="read-only"):
        async with database.reading() as session:
            session.add(Tenant(name="sneaked"))
            await session.flush()


async def test_the_error_of_a_statement_hides_its_parameters(database: Database) -> None:
    with pytest.raises(DBAPIError) as failed:
        async with database.reading() as session:
            await session.execute(text("select 1 / (length(cast(:words as text)) - 8)"), {"words": "my words"})
    assert "my words" not in str(failed.value)


async def test_the_pool_reconnects_after_a_restart_of_the_server(database: Database, viewer: Viewer) -> None:
    """Dead connections are detected before use (pre-ping)."""
    async with database.transaction() as one, database.transaction() as two:
        pids = [await each.scalar(text("select pg_backend_pid()")) for each in (one, two)]
    admin = await database.connect()
    for pid in pids:
        await admin.fetchval("select pg_terminate_backend($1, 5000)", pid)
    await admin.close()
    for _ in range(3):
        assert await scalar(database, "select 1") == 1


async def test_datetimes_have_a_time_zone(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    async with database.reading() as session:
        row = (await session.execute(select(Session).where(Session.id == session_id))).scalar_one()
    assert abs((datetime.now(UTC) - row.created_at).total_seconds()) < 60
