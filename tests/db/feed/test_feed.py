"""Feed: replay and live events, each once and in order; slow and closed listeners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from db.feed import feed as feeds
from db.feed import listeners
from db.feed.events import StoredEvent, read_after
from db.feed.feed import Feed
from db.postgres.database import Database
from db.postgres.notifier import CHANNEL
from db.viewer import Viewer
from tests.db.rows import eventually, open_session, scalar, write

_LISTENING = "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'"


@asynccontextmanager
async def running(database: Database, *, poll_seconds: float = 0.5, buffer: int = 256) -> AsyncIterator[Feed]:
    feed = Feed(database, poll_seconds=poll_seconds, buffer=buffer)
    await feed.start()
    await eventually(lambda: scalar(database, _LISTENING))
    await asyncio.sleep(0.02)  # on connect it reads all sessions once
    try:
        yield feed
    finally:
        await feed.close()


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[Feed]:
    async with running(database) as opened:
        yield opened


async def take(feed: Feed, session_id: UUID, after: int, until: int, *, pause: float = 0) -> list[int]:
    """The event numbers that a listener gets, up to ``until``."""
    seen: list[int] = []
    async with asyncio.timeout(30), aclosing(feed.follow(session_id, after)) as events:
        async for event in events:
            assert event.session_id == session_id
            seen.append(event.seq)
            if event.seq >= until:
                return seen
            await asyncio.sleep(pause)
    raise AssertionError(f"ended at {seen[-1:]}")


async def test_replay_then_live_without_gaps_or_repeats(database: Database, viewer: Viewer, feed: Feed) -> None:
    """Listeners of several sessions join at any time with any cursor, while events are written."""
    sessions = [await open_session(database, viewer) for _ in range(3)]
    per_session = 120

    async def writer(session_id: UUID) -> None:
        for number in range(per_session // 2):
            await write(database, session_id, 2)
            if number % 10 == 0:
                await asyncio.sleep(0.005)

    async def listener(number: int) -> list[int]:
        await asyncio.sleep(number * 0.01)
        return await take(feed, sessions[number % 3], number, per_session)

    listeners = [asyncio.create_task(listener(number)) for number in range(45)]
    await asyncio.gather(*(writer(each) for each in sessions))
    for number, seen in enumerate(await asyncio.gather(*listeners)):
        assert seen == list(range(number + 1, per_session + 1))
    assert feed.listeners == 0


async def test_more_than_a_page_is_replayed(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    total = listeners.PAGE * 2
    await write(database, session_id, total)
    async with running(database, poll_seconds=3600) as feed:
        follower = asyncio.create_task(take(feed, session_id, 0, total * 2 + 1))
        assert await take(feed, session_id, 0, total) == list(range(1, total + 1)), "with no further event"
        await write(database, session_id, total)
        await write(database, session_id)
        assert await follower == list(range(1, total * 2 + 2))


async def test_a_slow_listener_gets_all_events_with_a_bounded_buffer(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    async with running(database, buffer=3) as feed:
        slow = asyncio.create_task(take(feed, session_id, 0, 150, pause=0.002))
        quick = asyncio.create_task(take(feed, session_id, 0, 150))
        largest = 0
        for _ in range(50):
            await write(database, session_id, 3)
            for topic in feed._topics.values():
                largest = max([largest, *(len(each.buffer) for each in topic.listeners)])
        assert await slow == await quick == list(range(1, 151))
    assert largest <= 3


async def test_events_between_the_read_and_the_registration_are_not_lost(
    database: Database, viewer: Viewer, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are committed and notified during the listener's first read."""
    session_id = await open_session(database, viewer)
    await write(database, session_id, 2)
    reads = 0

    async def slow_read(*given: Any) -> dict[UUID, list[StoredEvent]]:
        nonlocal reads
        reads += 1
        found = await read_after(*given)
        if reads == 1:
            await write(database, session_id, 3)
            await asyncio.sleep(0.05)  # the notification has been handled
        return found

    monkeypatch.setattr(feeds, "read_after", slow_read)
    assert await take(feed, session_id, 0, 5) == [1, 2, 3, 4, 5]


async def write_unheard(database: Database, session_id: UUID, count: int) -> None:
    """Writes events whose notification is lost."""
    connection = await database.connect()
    try:
        async with connection.transaction():
            last = await connection.fetchval(
                "update sessions set last_seq = last_seq + $2 where id = $1 returning last_seq", session_id, count
            )
            await connection.execute(
                "insert into events (session_id, seq, type, data) "
                "select $1, n, 'ReplyDelta', '{}' from generate_series($2::int, $3::int) n",
                session_id,
                last - count + 1,
                last,
            )
    finally:
        await connection.close()


async def notify(database: Database, session_id: UUID) -> None:
    connection = await database.connect()
    await connection.execute("select pg_notify($1, $2)", CHANNEL, str(session_id))
    await connection.close()


@pytest.mark.parametrize("late", ["its answer is on its way", "it lingers over its answer"])
async def test_a_listener_misses_no_event_that_another_has_read(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """One listener reads the table before two events, another after them; their notification comes last."""
    session_id = await open_session(database, viewer)
    await write(database, session_id, 2)
    go_on, reads = asyncio.Event(), 0

    async def read(*given: Any) -> dict[UUID, list[StoredEvent]]:
        nonlocal reads
        reads += 1
        first = reads == 1
        found = await read_after(*given)
        if first and late == "its answer is on its way":
            await go_on.wait()
        return found

    async def listen() -> list[int]:
        seen = []
        async with aclosing(opened.follow(session_id, 0)) as events:
            async for event in events:
                seen.append(event.seq)
                if event.seq == 1:
                    await go_on.wait()
                if event.seq == 4:
                    return seen
        return []

    monkeypatch.setattr(feeds, "read_after", read)
    async with running(database, poll_seconds=3600) as opened:
        earlier = asyncio.create_task(listen())
        await asyncio.sleep(0.1)
        await write_unheard(database, session_id, 2)
        other = asyncio.create_task(take(opened, session_id, 0, 5))
        await asyncio.sleep(0.1)
        await notify(database, session_id)
        await asyncio.sleep(0.1)
        go_on.set()
        async with asyncio.timeout(30):
            assert await earlier == [1, 2, 3, 4]
        await write(database, session_id)
        assert await other == [1, 2, 3, 4, 5]


async def test_a_cursor_far_ahead_does_not_affect_other_listeners(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0

    async def read(*given: Any) -> dict[UUID, list[StoredEvent]]:
        nonlocal reads
        reads += 1
        return await read_after(*given)

    monkeypatch.setattr(feeds, "read_after", read)
    session_id = await open_session(database, viewer)
    async with running(database, poll_seconds=3600) as feed:
        ahead = asyncio.create_task(take(feed, session_id, 5, 6))
        await asyncio.sleep(0.1)
        beside = asyncio.create_task(take(feed, session_id, 0, 3))
        await asyncio.sleep(0.1)
        for _ in range(3):
            await write(database, session_id)
        async with asyncio.timeout(30):
            assert await beside == [1, 2, 3]
        await write(database, session_id, 3)
        assert await ahead == [6]
    assert reads < 30, "no listener polls the table"


async def test_a_closed_listener_is_removed(database: Database, viewer: Viewer, feed: Feed) -> None:
    session_id = await open_session(database, viewer)
    await write(database, session_id)
    for _ in range(20):
        events = feed.follow(session_id, 0)
        assert (await anext(events)).seq == 1
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert feed.listeners == 1
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await events.aclose()
        assert feed.listeners == 0
    assert feed._topics == {}


@pytest.mark.parametrize("where", ["waits", "lingers over the table's events", "lingers over a live event"])
async def test_closing_the_feed_ends_every_listener(database: Database, viewer: Viewer, feed: Feed, where: str) -> None:
    session_id = await open_session(database, viewer)
    await write(database, session_id, 2)
    reached, closed = asyncio.Event(), asyncio.Event()

    async def follow() -> None:
        async for event in feed.follow(session_id, 0):
            live = event.seq == 3
            if live or (event.seq == 2 and where != "lingers over a live event"):
                reached.set()
                if where != "waits":
                    await closed.wait()

    listeners = [asyncio.create_task(follow()) for _ in range(3)]
    if where == "lingers over a live event":
        await asyncio.sleep(0.1)
        await write(database, session_id)
    await asyncio.wait_for(reached.wait(), 30)
    await asyncio.sleep(0.05)
    await feed.close()
    closed.set()
    async with asyncio.timeout(30):
        await asyncio.gather(*listeners)
    assert feed.listeners == 0
    async for _ in feed.follow(session_id, 0):
        raise AssertionError("a closed feed has nothing to tell")


async def test_closing_the_feed_ends_listeners_during_an_outage(
    database: Database, viewer: Viewer, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await open_session(database, viewer)
    reached = asyncio.Event()

    async def away(*_: object) -> dict[UUID, list[StoredEvent]]:
        reached.set()
        raise ConnectionError

    monkeypatch.setattr(feeds, "read_after", away)
    events = feed.follow(session_id, 0)
    waiting = asyncio.ensure_future(anext(events, None))
    await asyncio.wait_for(reached.wait(), 30)
    await feed.close()
    try:
        assert await asyncio.wait_for(waiting, 30) is None
    finally:
        await events.aclose()
