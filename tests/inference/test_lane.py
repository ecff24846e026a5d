"""The priority lane: order, cancellation, errors, bounds, waits, closing. Jobs are held by events, not by time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextvars import ContextVar
from functools import partial

import pytest

from db.errors import Overloaded
from inference.lane import MAX_FINAL_WAIT, Lane, Priority, current_lane, use_lane
from tests.waiting import until


class Held:
    """A job that begins, and ends when it is released."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.released = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.released.wait(10)
        return "held"


@pytest.fixture
async def lane() -> AsyncIterator[Lane]:
    made = Lane(1)
    async with asyncio.timeout(20):
        yield made
        await made.close()
    assert not any(thread.is_alive() for thread in made._workers)


async def occupy(lane: Lane) -> tuple[Held, asyncio.Task[str]]:
    held = Held()
    task = asyncio.create_task(lane.run(Priority.QUEUED, held))
    assert await asyncio.to_thread(held.begun.wait, 10)
    return held, task


async def test_the_most_urgent_job_is_next_and_equal_ones_keep_their_order(lane: Lane) -> None:
    held, task = await occupy(lane)
    ran: list[tuple[Priority, int]] = []
    jobs = [
        asyncio.create_task(lane.run(priority, partial(ran.append, (priority, number))))
        for number in range(2)
        for priority in reversed(Priority)
    ]
    await asyncio.sleep(0)
    held.released.set()
    await asyncio.gather(task, *jobs)
    assert ran == sorted(ran)
    assert len(ran) == 2 * len(Priority)


async def test_results_errors_and_context_variables_pass(lane: Lane) -> None:
    caller: ContextVar[str] = ContextVar("caller")
    caller.set("me")
    assert await lane.run(Priority.FINAL, caller.get) == "me"
    with pytest.raises(ZeroDivisionError):
        await lane.run(Priority.FINAL, lambda: 1 / 0)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await lane.run(Priority.FINAL, lambda: next(iter(())))
    with pytest.raises(SystemExit):
        await lane.run(Priority.FINAL, exit)
    assert await lane.run(Priority.FINAL, lambda: "still there") == "still there"


async def test_a_job_whose_result_is_known_no_longer_makes_the_lane_busy(lane: Lane) -> None:
    for _ in range(2000):  # the thread may be stopped between any two of its steps
        await lane.run(Priority.FINAL, int)
        assert not lane.busy


async def test_a_cancelled_job_that_waits_never_runs(lane: Lane) -> None:
    held, task = await occupy(lane)
    ran: list[int] = []
    waiting = asyncio.create_task(lane.run(Priority.FINAL, lambda: ran.append(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    held.released.set()
    await task
    await lane.run(Priority.QUEUED, lambda: None)
    assert ran == []


async def test_a_cancelled_job_that_runs_is_waited_for_or_abandoned(lane: Lane) -> None:
    held, task = await occupy(lane)
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()  # again
    await asyncio.sleep(0.01)
    assert not task.done()
    held.released.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    other = Held()
    abandoned = asyncio.create_task(lane.run(Priority.FINAL, other, abandon=True))
    assert await asyncio.to_thread(other.begun.wait, 10)
    abandoned.cancel()
    with pytest.raises(asyncio.CancelledError):
        await abandoned
    other.released.set()
    assert await lane.run(Priority.FINAL, lambda: "free") == "free"


async def test_the_queue_is_bounded() -> None:
    lane = Lane(1, max_waiting=2)
    held, task = await occupy(lane)
    jobs = [asyncio.create_task(lane.run(Priority.FINAL, lambda: None)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await lane.run(Priority.FINAL, lambda: None)
    jobs[0].cancel()
    await asyncio.gather(jobs[0], return_exceptions=True)
    jobs.append(asyncio.create_task(lane.run(Priority.FINAL, lambda: None)))  # its place is free
    held.released.set()
    await asyncio.gather(task, *jobs[1:])
    await lane.close()


async def test_queued_turns_leave_a_thread_to_calls() -> None:
    lane = Lane(2)
    held, task = await occupy(lane)
    second = Held()
    waiting = asyncio.create_task(lane.run(Priority.QUEUED, second))
    assert await lane.run(Priority.PARTIAL, lambda: "words") == "words"
    assert not second.begun.is_set()
    held.released.set()
    second.released.set()
    assert list(await asyncio.gather(task, waiting)) == ["held", "held"]
    await lane.close()


async def test_waits_are_known_by_priority_also_of_jobs_that_still_wait(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lane.wait_p90(Priority.FINAL) == 0.0
    held, task = await occupy(lane)
    final = asyncio.create_task(lane.run(Priority.FINAL, lambda: None))
    await until(lambda: lane.wait_p90(Priority.FINAL) > MAX_FINAL_WAIT)
    assert not lane.admits_call
    held.released.set()
    await asyncio.gather(task, final)
    assert not lane.admits_call
    assert lane.wait_p90(Priority.SPEECH) == 0.0
    for _ in range(20):
        await lane.run(Priority.FINAL, lambda: None)
    assert lane.admits_call
    monkeypatch.setattr("inference.lane._SAMPLE_SECONDS", -1.0)
    assert lane.wait_p90(Priority.FINAL) == 0.0


async def test_closing_cancels_what_waits_and_outlasts_what_runs() -> None:
    lane = Lane(1)
    held, task = await occupy(lane)
    waiting = asyncio.create_task(lane.run(Priority.FINAL, lambda: None))
    await asyncio.sleep(0)
    closing = asyncio.create_task(lane.close())
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not closing.done()
    held.released.set()
    assert await task == "held"
    await closing
    assert not any(thread.is_alive() for thread in lane._workers)
    with pytest.raises(RuntimeError):
        await lane.run(Priority.FINAL, lambda: None)
    await lane.close()


async def test_native_code_that_hangs_does_not_hold_up_closing() -> None:
    lane = Lane(1)
    held, task = await occupy(lane)
    await lane.close(seconds=0.02)
    assert not task.done()
    held.released.set()
    await task


async def test_an_event_loop_that_ended_leaves_the_thread_alive(lane: Lane) -> None:
    held = Held()

    def other_loop() -> None:
        async def begin() -> None:
            asyncio.create_task(lane.run(Priority.FINAL, held, abandon=True))  # noqa: RUF006 - left behind
            await asyncio.to_thread(held.begun.wait, 10)

        asyncio.run(begin())

    await asyncio.to_thread(other_loop)
    held.released.set()
    assert await lane.run(Priority.FINAL, lambda: "alive") == "alive"


async def test_tasks_of_the_context_use_its_lane(lane: Lane) -> None:
    async def place() -> object:
        return current_lane()

    with use_lane(lane, Priority.SPEECH):
        inner = asyncio.create_task(place())
    found = current_lane()
    assert found is None
    inside = await inner
    assert inside is not None
    assert (inside.lane, inside.urgency) == (lane, Priority.SPEECH)  # type: ignore[attr-defined]
