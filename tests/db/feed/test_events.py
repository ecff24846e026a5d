"""Event log: numbers without gaps in commit order, pages, and notifications after the commit."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from asyncpg.connection import LoggedQuery
from sqlalchemy import text

from db.enums import EventType
from db.feed.events import NewEvent, append, last_seqs, read_after
from db.ids import new_id
from db.postgres.database import Database
from db.postgres.notifier import CHANNEL
from db.viewer import Viewer
from tests.db.rows import events_of, open_session, say_in, scalar, write


class Refused(Exception):
    pass


async def test_numbers_have_no_gaps_with_concurrent_and_failed_writers(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    committed: list[tuple[int, int]] = []
    dice = random.Random(7)

    async def writer(name: int) -> None:
        for _ in range(8):
            count, fails = dice.randint(1, 4), dice.random() < 0.3
            try:
                async with database.transaction() as session:
                    marks = [NewEvent(EventType.REPLY_DELTA, data={"writer": name}) for _ in range(count)]
                    last = await append(session, session_id, marks)
                    await asyncio.sleep(dice.random() * 0.003)
                    if fails:
                        raise Refused
                committed.extend((seq, name) for seq in range(last - count + 1, last + 1))
            except Refused:
                pass

    await asyncio.gather(*(writer(name) for name in range(20)))
    found = await events_of(database, session_id)
    assert [each.seq for each in found] == list(range(1, len(committed) + 1))
    assert [(each.seq, each.data["writer"]) for each in found] == sorted(committed)
    assert await scalar(database, "select last_seq from sessions where id = :id", id=session_id) == len(committed)


async def test_a_reader_that_sees_a_number_can_see_all_earlier_ones(database: Database, viewer: Viewer) -> None:
    """A reader that asks only for events after its cursor misses none."""
    session_id = await open_session(database, viewer)
    seen: list[int] = []
    done = asyncio.Event()

    async def reader() -> None:
        while not done.is_set() or len(seen) < 120:
            found = await read_after(database.reader, {session_id: seen[-1] if seen else 0}, 50)
            seen.extend(each.seq for each in found[session_id])

    async def writer() -> None:
        for _ in range(10):
            await write(database, session_id, 2)

    reading = asyncio.create_task(reader())
    await asyncio.gather(*(writer() for _ in range(6)))
    done.set()
    async with asyncio.timeout(20):
        await reading
    assert seen == list(range(1, 121))


async def test_a_later_number_is_a_later_commit(database: Database, viewer: Viewer) -> None:
    """The second writer waits for the uncommitted first one."""
    session_id = await open_session(database, viewer)
    async with database.transaction() as first:
        assert await append(first, session_id, [NewEvent(EventType.TURN_STARTED)]) == 1
        second = asyncio.create_task(write(database, session_id))
        await asyncio.sleep(0.1)
        assert not second.done()
        assert await events_of(database, session_id) == []
    assert await second == 2


async def test_writers_of_different_sessions_do_not_block_each_other(database: Database, viewer: Viewer) -> None:
    one, two = [await open_session(database, viewer) for _ in range(2)]
    async with database.transaction() as first:
        await append(first, one, [NewEvent(EventType.TURN_STARTED)])
        async with asyncio.timeout(10):
            assert await write(database, two) == 1


async def test_an_event_of_an_unknown_session_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="No row was found"):
        await write(database, new_id())


async def test_data_that_is_not_json_is_refused_and_uses_no_number(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    for value in (object(), new_id(), b"x", {1, 2}):
        with pytest.raises(Exception, match="JSON serializable"):
            async with database.transaction() as session:
                await append(session, session_id, [NewEvent(EventType.REPLY_DELTA, data={"a": value})])
    assert await write(database, session_id) == 1


async def test_data_is_read_back_unchanged(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    plain: dict[str, Any] = {"text": "नमस्ते 👍 \\u0000 \x01", "list": [1, 2.5, None, True, {"deep": []}], "": {}}
    hostile = {"text": "a\x00b\ud800", "list": ("x",), "number": float("nan")}
    async with database.transaction() as session:
        await append(session, session_id, [NewEvent(EventType.REPLY_DELTA, data=data) for data in (plain, hostile)])
    first, second = await events_of(database, session_id)
    assert first.data == plain
    assert second.data == {"text": "a\ufffdb\ufffd", "list": ["x"], "number": None}
    assert json.loads(await scalar(database, "select data::text from events where seq = 2")) == second.data


async def test_a_page_starts_after_the_cursor_and_ends_at_the_limit(database: Database, viewer: Viewer) -> None:
    session_id, other = [await open_session(database, viewer) for _ in range(2)]
    await write(database, session_id, 5)
    await write(database, other, 2)
    found = await read_after(database.reader, {session_id: 1, other: 1}, 3)
    assert [each.seq for each in found[session_id]] == [2, 3, 4]
    assert [(each.session_id, each.seq) for each in found[other]] == [(other, 2)]
    assert await read_after(database.reader, {session_id: 5, other: 10**6}, 3) == {session_id: [], other: []}
    assert await last_seqs(database.reader, [session_id, other, new_id()]) == {session_id: 5, other: 2}
    assert await last_seqs(database.reader, []) == {}


async def test_notifications_follow_the_commit_and_not_a_rollback(database: Database, viewer: Viewer) -> None:
    one, two = [await open_session(database, viewer) for _ in range(2)]
    told: asyncio.Queue[str] = asyncio.Queue(100)
    connection = await database.connect()
    await connection.add_listener(CHANNEL, lambda *heard: told.put_nowait(heard[3]))
    try:
        with pytest.raises(Refused):
            async with database.transaction() as session:
                await append(session, one, [NewEvent(EventType.TURN_STARTED)])
                raise Refused
        async with database.transaction() as session:
            await append(session, two, [NewEvent(EventType.TURN_STARTED)])
            await connection.execute("select 1")
            await asyncio.sleep(0.1)
            assert told.empty()
        async with asyncio.timeout(30):
            assert await told.get() == str(two)
            assert await scalar(database, "select count(*) from events") == 1
        assert told.empty()
    finally:
        await connection.close()


async def test_a_burst_of_commits_is_notified_by_one_statement(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.postgres.notifier._COALESCE_SECONDS", 0.5)  # long enough for a burst on a slow machine
    sessions = [await open_session(database, viewer) for _ in range(3)]
    told: asyncio.Queue[str] = asyncio.Queue(100)
    sent = 0

    def count(query: LoggedQuery) -> None:
        nonlocal sent
        sent += "pg_notify" in query.query

    opened = database.writer._connect

    async def counted() -> Any:
        connection = await opened()
        connection.add_query_logger(count)
        return connection

    monkeypatch.setattr(database.writer, "_connect", counted)
    connection = await database.connect()
    await connection.add_listener(CHANNEL, lambda *heard: told.put_nowait(heard[3]))
    missing = {str(each) for each in sessions}
    try:
        for number in range(15):
            await write(database, sessions[number % 3], 5)
        await database.close()  # sends pending notifications
        async with asyncio.timeout(10):
            while missing:
                missing.discard(await told.get())
    finally:
        await connection.close()
    assert 1 <= sent < 8


async def test_events_of_a_message_are_part_of_its_commit(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    async with database.transaction() as session:
        await say_in(session, viewer, session_id)
        inside = text("select count(*) from events")
        assert await session.scalar(inside) == 1
        assert await scalar(database, "select count(*) from events") == 0
    assert [each.type for each in await events_of(database, session_id)] == [EventType.TURN_QUEUED]
