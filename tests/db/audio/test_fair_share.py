"""Places are shared by owner, whoever asks most."""

from __future__ import annotations

import asyncio

import pytest

from db.audio.fair_share import FairShare
from db.errors import Overloaded


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_owner_leaves_a_place_for_others() -> None:
    places = FairShare(3, waiting=10, seconds=5)
    await places.take("a")
    await places.take("a")
    third = asyncio.create_task(places.take("a"))
    await settle()
    assert not third.done()
    await places.take("b")
    places.give_back("b")
    await settle()
    assert not third.done()
    places.give_back("a")
    await third


async def test_a_single_place_is_anybodys() -> None:
    places = FairShare(1, waiting=10, seconds=5)
    await places.take("a")
    places.give_back("a")
    await places.take("b")


async def test_owners_take_turns() -> None:
    places = FairShare(1, waiting=10, seconds=5)
    await places.take("x")
    order: list[str] = []

    async def work(owner: str) -> None:
        await places.take(owner)
        order.append(owner)
        places.give_back(owner)

    tasks = []
    for owner in ("a", "a", "a", "b", "c", "b"):
        tasks.append(asyncio.create_task(work(owner)))
        await settle()
    places.give_back("x")
    await asyncio.gather(*tasks)
    assert order == ["a", "b", "c", "a", "b", "a"]


async def test_too_many_of_one_owner_are_refused_and_no_others() -> None:
    places = FairShare(1, waiting=2, seconds=5)
    await places.take("a")
    waiting = [asyncio.create_task(places.take("a")) for _ in range(2)]
    await settle()
    with pytest.raises(Overloaded):
        await places.take("a")
    other = asyncio.create_task(places.take("b"))
    await settle()
    assert not other.done()
    for task in (*waiting, other):
        task.cancel()
    await asyncio.gather(*waiting, other, return_exceptions=True)


async def test_the_wait_has_an_end() -> None:
    places = FairShare(1, waiting=2, seconds=0.05)
    await places.take("a")
    with pytest.raises(Overloaded) as refused:
        await places.take("b")
    assert refused.value.retry_after_seconds > 0
    places.give_back("a")
    await places.take("b")


@pytest.mark.parametrize("granted", [False, True])
async def test_who_is_cancelled_takes_no_place_along(granted: bool) -> None:
    places = FairShare(1, waiting=2, seconds=5)
    await places.take("a")
    waiting = asyncio.create_task(places.take("b"))
    await settle()
    if granted:
        places.give_back("a")
        waiting.cancel()
    else:
        waiting.cancel()
        places.give_back("a")
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1):
        await places.take("c")
