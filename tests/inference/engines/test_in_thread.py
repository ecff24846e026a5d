"""Blocking generators as async iterators, in a thread of their own and step by step on a lane."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import cast

import pytest

from db.errors import Overloaded
from inference.engines.in_thread import iterate_in_thread
from inference.lane import Lane, LanePlace, Priority, use_lane


@pytest.fixture(params=["thread", "lane"])
async def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Where the generators run."""
    lane = Lane(1)
    if request.param == "lane":
        current = LanePlace(lane, Priority.SPEECH)
        monkeypatch.setattr("inference.engines.in_thread.current_lane", lambda: current)
    async with asyncio.timeout(20):
        yield
        await lane.close()


def stream(produce: object) -> AsyncGenerator[int, None]:
    return cast("AsyncGenerator[int, None]", iterate_in_thread(produce))  # type: ignore[arg-type]


@pytest.mark.usefixtures("place")
async def test_all_items_come_in_order_then_the_error() -> None:
    def produce(stop: threading.Event) -> Iterator[int]:
        yield from range(100)
        raise ValueError("told")

    got: list[int] = []
    with pytest.raises(ValueError, match="told"):
        async for each in stream(produce):
            got.append(each)
    assert got == list(range(100))


@pytest.mark.usefixtures("place")
async def test_an_item_comes_before_the_next_is_made() -> None:
    taken = threading.Event()

    def produce(stop: threading.Event) -> Iterator[int]:
        yield 1
        assert taken.wait(10)
        yield 2

    async with aclosing(stream(produce)) as items:
        assert await anext(items) == 1
        taken.set()
        assert [each async for each in items] == [2]


@pytest.mark.usefixtures("place")
async def test_the_model_is_a_bounded_number_of_items_ahead() -> None:
    made = 0

    def produce(stop: threading.Event) -> Iterator[int]:
        nonlocal made
        while True:
            made += 1
            yield made

    async with aclosing(stream(produce)) as items:
        await anext(items)
        await asyncio.sleep(0.05)
        assert made <= 20
        for expected in range(2, 200):
            assert await anext(items) == expected


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("way", ["close", "cancel"])
async def test_leaving_early_waits_for_the_step_and_closes_the_generator(way: str) -> None:
    closed = threading.Event()
    begun, release = threading.Event(), threading.Event()

    def produce(stop: threading.Event) -> Iterator[int]:
        try:
            yield 1
            begun.set()
            assert release.wait(10)
            yield 2
            assert stop.is_set()
        finally:
            closed.set()

    items = stream(produce)
    assert await anext(items) == 1
    reading = asyncio.ensure_future(anext(items))
    assert await asyncio.to_thread(begun.wait, 10)
    reading.cancel()
    await asyncio.sleep(0.01)
    assert not reading.done()
    if way == "cancel":
        reading.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await items.aclose()
    assert closed.is_set()


@pytest.mark.usefixtures("place")
async def test_what_was_never_read_is_never_made() -> None:
    made: list[int] = []

    def produce(stop: threading.Event) -> Iterator[int]:
        made.append(1)
        yield 1

    await stream(produce).aclose()
    assert made == []


class TestOnALane:
    """What only a lane does."""

    async def test_urgent_work_runs_between_two_steps(self) -> None:
        lane, order = Lane(1), list[str]()
        second = threading.Event()

        def produce(stop: threading.Event) -> Iterator[int]:
            for number in range(3):
                order.append(f"piece {number}")
                if number == 1:
                    second.set()
                time.sleep(0.02)  # a step longer than a slice
                yield number

        async def finals() -> None:
            await asyncio.to_thread(second.wait, 10)
            await lane.run(Priority.FINAL, lambda: order.append("final"))

        with use_lane(lane, Priority.SPEECH):
            urgent = asyncio.create_task(finals())
            assert [each async for each in stream(produce)] == [0, 1, 2]
        await urgent
        assert order == ["piece 0", "piece 1", "final", "piece 2"]
        await lane.close()

    async def test_a_lane_that_refuses_ends_the_stream(self) -> None:
        def produce(stop: threading.Event) -> Iterator[int]:
            yield 1

        full = Lane(1, max_waiting=0)
        with use_lane(full, Priority.SPEECH), pytest.raises(Overloaded):
            await anext(stream(produce))
        closed = Lane(1)
        await closed.close()
        with use_lane(closed, Priority.SPEECH), pytest.raises(RuntimeError, match="closed"):
            await anext(stream(produce))
