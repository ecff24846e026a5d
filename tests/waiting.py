"""Waiting for what tells nobody that it has happened, and bounds of work: no fixed time is right on a busy machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


async def until(holds: Callable[[], object], seconds: float = 30) -> None:
    """Returns as soon as the condition holds. ``seconds``: for what never comes; a busy machine takes less."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.005)


async def settled(rounds: int = 50) -> None:
    """Lets the tasks of this loop run until, in all likelihood, each waits for something outside of it."""
    for _ in range(rounds):
        await asyncio.sleep(0)


@contextmanager
def bounded_work(seconds: float = 30) -> Iterator[None]:
    """Fails if the block takes more CPU time of this process: for what takes minutes to hours without its bound."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < seconds
