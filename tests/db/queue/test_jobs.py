"""Job queue: jobs are part of the message's commit; order, concurrency, wake-ups, recovery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from db.commands.sessions import end_session
from db.errors import BadUserInput, SessionEnded
from db.ids import new_id
from db.postgres.database import Database
from db.queue.jobs import QUEUE, TASK, queue_app
from db.turns import claims
from db.viewer import Viewer
from tests.db.rows import claimed, end, eventually, everything, finish, open_session, say, say_in, scalar

#: Slow enough that a turn that waits for a poll fails the test; Procrastinate drops notifications during a fetch.
_POLL_SECONDS = 5

Work = Callable[[UUID], Awaitable[None]]


class Broken(Exception):
    pass


@asynccontextmanager
async def working(database: Database, work: Work, *, capacity: int = 4) -> AsyncIterator[None]:
    """A real queue worker that runs ``work`` for each turn."""
    app = queue_app(database)
    async with app.open_async():

        @app.task(name=TASK, queue=QUEUE)
        async def run_turn(turn_id: str) -> None:
            await work(UUID(turn_id))

        taking = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=capacity,
                install_signal_handlers=False,
                fetch_job_polling_interval=_POLL_SECONDS,
                delete_jobs="successful",
                shutdown_graceful_timeout=5,
            )
        )
        try:
            yield
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)


@pytest.mark.parametrize("at", ["end", "message"])
async def test_a_rollback_leaves_no_job(
    database: Database, viewer: Viewer, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    session_id = await open_session(database, viewer)
    await say(database, viewer, session_id)
    before = await everything(database)
    if at == "message":

        async def fail(*_: object) -> None:
            raise Broken

        monkeypatch.setattr("db.commands.messages.append", fail)
    with pytest.raises(Broken):
        async with database.transaction() as session:
            await say_in(session, viewer, session_id, key="again")
            raise Broken
    assert await everything(database) == before


async def test_a_message_and_its_job_are_one_commit(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    async with database.transaction() as session:
        turn_id = await say_in(session, viewer, session_id)
        assert await scalar(database, "select count(*) from procrastinate_jobs") == 0
    job = "select queue_name || ' ' || task_name || ' ' || lock || ' ' || (args ->> 'turn_id') from procrastinate_jobs"
    assert await scalar(database, job) == f"{QUEUE} {TASK} {session_id} {turn_id}"
    events = "select turn_id from events where session_id = :id and type = 'TurnQueued'"
    assert await scalar(database, events, id=session_id) == turn_id
    assert await scalar(database, "select text from messages where turn_id = :id", id=turn_id) == "hello"


async def test_a_resent_message_queues_no_second_job(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    sent = await asyncio.gather(*(say(database, viewer, session_id, "pay", key="k") for _ in range(8)))
    assert len(set(sent)) == 1
    for table in ("turns", "messages", "events", "procrastinate_jobs"):
        assert await scalar(database, f"select count(*) from {table}") == 1, table
    await finish(database, sent[0])
    assert await say(database, viewer, session_id, "pay", key="k") == sent[0]


async def test_a_refused_message_leaves_no_rows(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    before = await everything(database)
    for words in ("", "  ", "x" * 4001, "a\x00", "\ud800"):
        with pytest.raises(BadUserInput):
            await say(database, viewer, session_id, words)
    assert await everything(database) == before


async def test_job_ids_of_a_session_are_in_the_order_of_its_turns(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    await asyncio.gather(*(say(database, viewer, session_id, f"number {n}") for n in range(15)))
    order = (
        "select array_agg(t.number order by j.id) = array_agg(t.number order by t.number) and max(t.number) = 15 "
        "from procrastinate_jobs j join turns t on t.id = cast(j.args ->> 'turn_id' as uuid)"
    )
    assert await scalar(database, order) is True


async def test_turns_of_a_session_run_in_order_without_waiting_for_a_poll(database: Database, viewer: Viewer) -> None:
    """The next turn starts when the previous one ends, not at the worker's next poll."""
    session_id = await open_session(database, viewer)
    turn_ids = [await say(database, viewer, session_id) for _ in range(20)]
    done: list[UUID] = []
    running = 0

    async def work(turn_id: UUID) -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0.02)
        await finish(database, turn_id)
        running -= 1
        done.append(turn_id)

    async def all_done() -> bool:
        return len(done) == len(turn_ids)

    async with working(database, work):
        await eventually(all_done, seconds=6 * _POLL_SECONDS)
    assert done == turn_ids


async def test_a_turn_that_raises_does_not_block_its_session(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    turn_ids = [await say(database, viewer, session_id) for _ in range(20)]
    seen: list[UUID] = []

    async def work(turn_id: UUID) -> None:
        seen.append(turn_id)
        await asyncio.sleep(0.02)
        if len(seen) % 2:
            raise Broken

    async def all_seen() -> bool:
        return len(seen) == len(turn_ids)

    async with working(database, work):
        await eventually(all_seen, seconds=6 * _POLL_SECONDS)
    assert seen == turn_ids


@pytest.mark.parametrize("capacity", [1, 3])
async def test_sessions_run_concurrently_up_to_capacity(database: Database, viewer: Viewer, capacity: int) -> None:
    sessions = [await open_session(database, viewer) for _ in range(5)]
    waiting = {await say(database, viewer, each) for each in sessions}
    running: set[UUID] = set()
    most, go_on = 0, asyncio.Event()

    async def work(turn_id: UUID) -> None:
        nonlocal most
        running.add(turn_id)
        most = max(most, len(running))
        await go_on.wait()
        running.remove(turn_id)
        waiting.remove(turn_id)

    async def full() -> bool:
        return len(running) == capacity

    async def empty() -> bool:
        return not waiting

    async with working(database, work, capacity=capacity):
        await eventually(full)
        await asyncio.sleep(0.2)
        assert most == capacity
        go_on.set()
        await eventually(empty)
    assert most == capacity


async def test_a_message_wakes_an_idle_worker(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    done: list[UUID] = []

    async def work(turn_id: UUID) -> None:
        done.append(turn_id)

    async def told() -> bool:
        return bool(done)

    async def listens() -> object:
        listening = "query like 'LISTEN%procrastinate%' and datname = current_database()"
        return await scalar(database, f"select count(*) from pg_stat_activity where {listening}")

    async with working(database, work):
        await eventually(listens)
        turn_id = await say(database, viewer, session_id)
        await eventually(told)
    assert done == [turn_id]


async def test_an_ended_session_refuses_messages_but_accepts_a_resend(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    turn_id = await say(database, viewer, session_id, key="k")
    async with database.transaction() as session:
        await end_session(session, viewer, session_id=session_id)
    assert await say(database, viewer, session_id, key="k") == turn_id
    before = await everything(database)
    with pytest.raises(SessionEnded):
        await say(database, viewer, session_id)
    assert await everything(database) == before


async def test_a_job_of_an_unknown_or_ended_turn_does_nothing(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    turn_id = await say(database, viewer, session_id)
    claim = await claimed(database, turn_id)
    await end(database, claim)
    before = await everything(database)
    for each in (turn_id, new_id()):
        assert await claims.start(database, each) is None
    assert await everything(database) == before
