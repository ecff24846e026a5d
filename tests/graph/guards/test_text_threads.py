"""Threads for clients' texts: the place of abandoned work stays taken, and one tenant leaves a place to the others."""

from __future__ import annotations

import asyncio
import threading
from uuid import uuid4

from graph.guards.text_threads import TextThreads


async def test_a_place_is_free_when_the_work_has_ended_not_when_its_waiter_has() -> None:
    tenant, begun, end, again = uuid4(), threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert end.wait(30)

    with TextThreads() as texts:
        waiting = asyncio.create_task(texts.run(tenant, work))
        assert await asyncio.to_thread(begun.wait, 30)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        following = asyncio.create_task(texts.run(tenant, again.set))
        assert await texts.run(uuid4(), lambda: "another tenant's") == "another tenant's"
        await asyncio.wait([following], timeout=0.3)
        assert not again.is_set()
        end.set()
        async with asyncio.timeout(30):
            await following
    assert again.is_set()


async def test_a_refusal_of_the_work_reaches_its_caller_and_frees_the_place() -> None:
    tenant = uuid4()
    with TextThreads() as texts:
        for _ in range(3):
            try:
                async with asyncio.timeout(30):
                    await texts.run(tenant, int, "not a number")
            except ValueError:
                continue
            raise AssertionError
