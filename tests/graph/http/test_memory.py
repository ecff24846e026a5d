"""Memory after a burst: reference cycles are collected, and free pages go back to the operating system."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from db.malloc import trim_malloc
from graph.http import memory

_BURST_BYTES = 80_000_000
_PIECE_BYTES = 4_000  # small enough for the heap, which keeps what is freed


class _Cycle:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self
        self.pieces = [bytes(_PIECE_BYTES) for _ in range(_BURST_BYTES // _PIECE_BYTES)]


@pytest.fixture
def collector() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.enable()
    gc.unfreeze()
    gc.set_threshold(*threshold)


def resident() -> int:
    found = memory.resident_bytes()
    assert found is not None
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_STEP_SECONDS", 0.005)
    monkeypatch.setattr(memory, "_STEPS_PER_CHECK", 5)


@asynccontextmanager
async def kept_low(subscriptions: Callable[[], int] = lambda: 0) -> AsyncIterator[None]:
    keeper = asyncio.create_task(memory.keep_low(subscriptions))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


@pytest.mark.parametrize("frozen", [False, True])
async def test_what_a_burst_left_in_cycles_is_given_back(collector: None, quick: None, *, frozen: bool) -> None:
    gc.collect()
    gc.disable()  # only what is tested collects
    trim_malloc()  # else the burst reuses heap that earlier tests have freed
    before = resident()
    async with kept_low():
        burst = _Cycle()
        gone = weakref.ref(burst)
        if frozen:  # by a collection while it was in use
            memory.collect_new()
        del burst
        assert resident() > before + _BURST_BYTES * 0.9
        async with asyncio.timeout(10):
            while gone() is not None or resident() > before + _BURST_BYTES * 0.3:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)


async def test_what_has_survived_is_not_traversed_again(collector: None, quick: None) -> None:
    """Half a second for 5,000 subscriptions."""
    memory.configure_collector()
    async with kept_low():
        held = [[number] for number in range(300_000)]
        async with asyncio.timeout(10):
            while len(gc.get_objects()) > len(held) / 2:  # noqa: ASYNC110 - nobody tells; without what is frozen
                await asyncio.sleep(0.01)


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The collections that are asked for; nothing is collected."""
    found: list[str] = []
    monkeypatch.setattr(memory, "collect_new", lambda: found.append("new"))
    monkeypatch.setattr(memory, "collect_all", lambda: found.append("all"))
    monkeypatch.setattr(memory, "trim_malloc", lambda: None)
    monkeypatch.setattr(memory, "_STEP_SECONDS", 0.0)
    monkeypatch.setattr(memory, "_STEPS_PER_CHECK", 1)
    return found


async def levels(monkeypatch: pytest.MonkeyPatch, *given: tuple[int, int]) -> None:
    """Keeps memory low while it is at each of the levels in turn: megabytes, open subscriptions."""
    coming = iter(given)
    at = given[0]

    def resident_bytes() -> int | None:
        nonlocal at
        at = next(coming, (0, 0))
        return at[0] * 1_000_000 or None

    monkeypatch.setattr(memory, "resident_bytes", resident_bytes)
    async with asyncio.timeout(10):
        await memory.keep_low(lambda: at[1])


async def test_memory_that_has_not_grown_is_not_looked_through(
    collected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await levels(monkeypatch, (100, 0), (101, 0), (99, 0), (100, 0), (120, 0), (120, 0))
    assert collected == []


async def test_growth_is_looked_through_in_all_if_the_new_is_not_enough(
    collected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Measured before and after each collection.
    await levels(monkeypatch, (100, 0), (140, 0), (100, 0), (140, 0), (140, 0), (140, 0), (130, 0), (130, 0))
    assert collected == ["new", "new", "all"]


async def test_open_subscriptions_are_not_looked_through(collected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    await levels(monkeypatch, (180, 0), (300, 2_500), (430, 5_000), (450, 5_000), (440, 4_990))
    assert collected == []


async def test_what_ended_subscriptions_left_is_looked_through(
    collected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await levels(monkeypatch, (180, 0), (430, 5_000), (420, 0), (410, 0), (410, 0), (190, 0), (190, 0))
    assert collected == ["new", "all"]


def test_a_loaded_server_collects_seldom_and_not_its_modules(collector: None) -> None:
    memory.configure_collector()
    assert gc.get_threshold()[0] >= 5_000
    assert gc.get_freeze_count() > 10_000
