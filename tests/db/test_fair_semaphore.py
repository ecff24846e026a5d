"""Fair semaphore: a slot stays free for other owners, and owners take turns."""

from __future__ import annotations

import asyncio

import pytest

from db.errors import Overloaded
from db.fair_semaphore import FairSemaphore


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_owner_leaves_a_slot_for_others() -> None:
    semaphore = FairSemaphore(3, max_waiting=10, timeout_seconds=5)
    await semaphore.acquire("a")
    await semaphore.acquire("a")
    third = asyncio.create_task(semaphore.acquire("a"))
    await settle()
    assert not third.done()
    await semaphore.acquire("b")
    semaphore.release("b")
    await settle()
    assert not third.done()
    semaphore.release("a")
    await third


async def test_a_single_slot_goes_to_any_owner() -> None:
    semaphore = FairSemaphore(1, max_waiting=10, timeout_seconds=5)
    await semaphore.acquire("a")
    semaphore.release("a")
    await semaphore.acquire("b")


async def test_owners_take_turns() -> None:
    semaphore = FairSemaphore(1, max_waiting=10, timeout_seconds=5)
    await semaphore.acquire("x")
    order: list[str] = []

    async def work(owner: str) -> None:
        await semaphore.acquire(owner)
        order.append(owner)
        semaphore.release(owner)

    tasks = []
    for owner in ("a", "a", "a", "b", "c", "b"):
        tasks.append(asyncio.create_task(work(owner)))
        await settle()
    semaphore.release("x")
    await asyncio.gather(*tasks)
    assert order == ["a", "b", "c", "a", "b", "a"]


async def test_too_many_waiters_of_one_owner_are_refused() -> None:
    semaphore = FairSemaphore(1, max_waiting=2, timeout_seconds=5)
    await semaphore.acquire("a")
    waiting = [asyncio.create_task(semaphore.acquire("a")) for _ in range(2)]
    await settle()
    with pytest.raises(Overloaded):
        await semaphore.acquire("a")
    other = asyncio.create_task(semaphore.acquire("b"))
    await settle()
    assert not other.done()
    for task in (*waiting, other):
        task.cancel()
    await asyncio.gather(*waiting, other, return_exceptions=True)


async def test_the_wait_times_out() -> None:
    semaphore = FairSemaphore(1, max_waiting=2, timeout_seconds=0.05)
    await semaphore.acquire("a")
    with pytest.raises(Overloaded) as refused:
        await semaphore.acquire("b")
    assert refused.value.retry_after_seconds > 0
    semaphore.release("a")
    await semaphore.acquire("b")


@pytest.mark.parametrize("granted", [False, True])
async def test_a_cancelled_waiter_keeps_no_slot(granted: bool) -> None:
    semaphore = FairSemaphore(1, max_waiting=2, timeout_seconds=5)
    await semaphore.acquire("a")
    waiting = asyncio.create_task(semaphore.acquire("b"))
    await settle()
    if granted:
        semaphore.release("a")
        waiting.cancel()
    else:
        waiting.cancel()
        semaphore.release("a")
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(4):  # before its own wait ends
        await semaphore.acquire("c")
