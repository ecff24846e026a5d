"""Feed under failures: lost notifications, lost connections, a restart of the database."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest

from db.commands.keys import create_key
from db.feed.feed import Feed
from db.postgres.database import Database
from db.postgres.embedded import EmbeddedPostgres
from db.postgres.migrate import migrate
from db.postgres.outage import DATABASE_ERRORS
from db.postgres.reader import Reader
from db.viewer import Viewer
from tests.conftest import holder_of
from tests.db.rows import eventually, open_session, scalar, write


@asynccontextmanager
async def running(database: Database, poll_seconds: float) -> AsyncIterator[Feed]:
    feed = Feed(database, poll_seconds=poll_seconds)
    await feed.start()
    try:
        yield feed
    finally:
        await feed.close()


class Followed:
    """Collects the event numbers that a listener gets."""

    def __init__(self, feed: Feed, session_id: UUID) -> None:
        self.seen: list[int] = []
        self._task = asyncio.create_task(self._follow(feed, session_id))

    async def _follow(self, feed: Feed, session_id: UUID) -> None:
        async with aclosing(feed.follow(session_id, 0)) as events:
            async for event in events:
                self.seen.append(event.seq)

    async def reached(self, seq: int) -> bool:
        return bool(self.seen) and self.seen[-1] >= seq

    async def stop(self) -> list[int]:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self.seen


async def test_reads_of_clients_do_not_delay_the_feed(database_url: str, viewer: Viewer) -> None:
    """New events arrive at once although replays use all connections for reading."""
    database = Database(database_url, readers=2, timeout_seconds=60)
    session_id, long_one = [await open_session(database, viewer) for _ in range(2)]
    async with running(database, poll_seconds=0.5) as feed:
        follower = Followed(feed, session_id)
        await write(database, session_id)
        await eventually(lambda: follower.reached(1))
        slow = [asyncio.create_task(database.reader.row("select pg_sleep(60)", [])) for _ in range(4)]
        replays = [Followed(feed, long_one) for _ in range(20)]
        await asyncio.sleep(0.1)
        await write(database, long_one)
        await write(database, session_id)
        await eventually(lambda: follower.reached(2), seconds=30)
        assert not any(each.done() for each in slow)
        for each in (follower, *replays):
            await each.stop()
    await database.close()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_the_listen_connection_is_lost_repeatedly(database: Database, viewer: Viewer) -> None:
    sessions = [await open_session(database, viewer) for _ in range(2)]
    cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'voxloom-feed' "
    cuts = 0
    # Polling is too slow to deliver them: the feed reconnects, and reads all sessions on connect.
    async with running(database, poll_seconds=3600) as feed:
        followers = [Followed(feed, sessions[number % 2]) for number in range(6)]
        for number in range(90):
            await write(database, sessions[number % 2])
            if number % 15 == 7:
                async with database.transaction() as session:
                    found = await session.connection()
                    cuts += (await found.exec_driver_sql(cut + "and datname = current_database()")).scalar_one()
            await asyncio.sleep(0.01)
        for follower in followers:
            await eventually(lambda follower=follower: follower.reached(45))  # type: ignore[misc]
        assert all([await follower.stop() == list(range(1, 46)) for follower in followers])
    assert cuts >= 1


async def test_polling_finds_events_without_notifications(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database._notifier, "notify", lambda _: None)
    session_id = await open_session(database, viewer)
    poll_seconds = 0.3
    async with running(database, poll_seconds) as feed:
        follower = Followed(feed, session_id)
        await asyncio.sleep(1)  # it listens by now; only polling is left
        for round_ in range(1, 4):
            await write(database, session_id, 5)
            await eventually(lambda round_=round_: follower.reached(5 * round_))  # type: ignore[misc]
        assert await follower.stop() == list(range(1, 16))


async def test_malformed_notifications_are_ignored(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    troubles: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, trouble: troubles.append(trouble))
    async with running(database, poll_seconds=0.3) as feed:
        follower = Followed(feed, session_id)
        await asyncio.sleep(0.3)
        connection = await database.connect()
        for payload in ("", "nonsense", "x" * 7000, "00000000-0000-0000-0000-000000000000", str(session_id)):
            await connection.execute("select pg_notify('voxloom_events', $1)", payload)
        await connection.close()
        await write(database, session_id)
        await eventually(lambda: follower.reached(1))
        assert await follower.stop() == [1]
    assert troubles == []


async def test_an_unreadable_event_affects_only_its_session(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as an event type of a newer version, during a rolling update."""
    sick, well = [await open_session(database, viewer) for _ in range(2)]
    async with running(database, poll_seconds=0.3) as feed:
        followers = [Followed(feed, each) for each in (sick, well)]
        await write(database, sick)
        await eventually(lambda: followers[0].reached(1))
        original = feed._read

        async def read(reader: Reader, cursors: Mapping[UUID, int]) -> object:
            if sick in cursors:
                raise LookupError("no such kind of event")
            return await original(reader, cursors)

        monkeypatch.setattr(feed, "_read", read)
        for each in (sick, well, sick, well):
            await write(database, each)
            await asyncio.sleep(0.1)
        await eventually(lambda: followers[1].reached(2))
        monkeypatch.undo()
        await eventually(lambda: followers[0].reached(3))
        assert [await each.stop() for each in followers] == [[1, 2, 3], [1, 2]]


@pytest.fixture
async def mortal() -> AsyncIterator[EmbeddedPostgres]:
    """A server for this test, with the schema."""
    directory = Path(tempfile.mkdtemp(prefix="voxloom-mortal-"))
    directory.chmod(0o755)  # noqa: ASYNC240
    server = EmbeddedPostgres(directory)
    server.start()
    try:
        await migrate(server.url)
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory)


async def test_a_restart_of_the_database_loses_and_repeats_nothing(mortal: EmbeddedPostgres) -> None:
    database = Database(mortal.url, pool=4, timeout_seconds=5)
    try:
        async with database.transaction() as session:
            secret = await create_key(session, name="k")
        viewer = await holder_of(database, secret)
        session_id = await open_session(database, viewer)
        stored = 0

        async def insist() -> None:
            """Writes one event, with retries."""
            nonlocal stored
            while True:
                try:
                    stored = await write(database, session_id)
                    return
                except DATABASE_ERRORS:
                    await asyncio.sleep(0.05)

        async with running(database, poll_seconds=0.5) as feed:
            followers = [Followed(feed, session_id) for _ in range(3)]
            for _ in range(2):
                for _ in range(5):
                    await insist()
                await asyncio.to_thread(mortal.stop)
                writing = asyncio.create_task(insist())
                late = Followed(feed, session_id)  # joins during the outage
                await asyncio.sleep(0.3)
                assert late.seen == []
                await asyncio.to_thread(mortal.start)
                await writing
                followers.append(late)
            for follower in followers:
                await eventually(lambda follower=follower: follower.reached(stored))  # type: ignore[misc]
            assert all([await follower.stop() == list(range(1, stored + 1)) for follower in followers])
        assert stored == await scalar(database, "select count(*) from events") >= 12
    finally:
        await database.close()
