"""Memory after a burst: reference cycles are collected, and free pages go back to the operating system."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

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


async def test_what_a_burst_left_in_cycles_is_given_back(collector: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_CHECK_SECONDS", 0.05)
    gc.collect()
    gc.disable()  # only what is tested collects
    trim_malloc()  # else the burst reuses heap that earlier tests have freed
    before = resident()
    keeper = asyncio.create_task(memory.keep_low())
    try:
        await asyncio.sleep(0.01)
        gone = weakref.ref(_Cycle())
        assert resident() > before + _BURST_BYTES * 0.9
        async with asyncio.timeout(10):
            while gone() is not None or resident() > before + _BURST_BYTES * 0.3:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def test_memory_that_has_not_grown_is_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    def count() -> None:
        nonlocal looked
        looked += 1

    sizes = iter([100, 101, 99, 100, *[100] * 1000])
    monkeypatch.setattr(memory, "_CHECK_SECONDS", 0.001)
    monkeypatch.setattr(memory, "resident_bytes", lambda: next(sizes) * 1_000_000)
    monkeypatch.setattr(memory, "give_back", count)
    keeper = asyncio.create_task(memory.keep_low())
    await asyncio.sleep(0.1)
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    assert looked == 0


def test_a_loaded_server_collects_seldom_and_not_its_modules(collector: None) -> None:
    memory.configure_collector()
    assert gc.get_threshold()[0] >= 10_000
    assert gc.get_freeze_count() > 10_000
