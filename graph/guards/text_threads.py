"""Threads that read and compare long texts of clients: definitions of agents, eval files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, Self, TypeVar
from uuid import UUID

from db.fair_semaphore import FairSemaphore

P = ParamSpec("P")
T = TypeVar("T")

#: Such work holds the interpreter, for which each further thread makes the event loop wait longer.
_THREADS = 2

_MAX_WAITING = 20
_WAIT_SECONDS = 15.0


class TextThreads:
    """Two threads, of which one tenant holds at most one, and no other work of the process waits for them."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="texts")
        self._places = FairSemaphore(
            _THREADS,
            max_waiting=_MAX_WAITING,
            timeout_seconds=_WAIT_SECONDS,
            too_many="Too many texts are waiting to be read.",
            too_long="The text was not read in time, as other texts were.",
        )

    async def run(self, tenant_id: UUID, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs ``work`` in a thread. Raises Overloaded, and what ``work`` raises.

        No cancellation ends a thread, so its place is free when the work has ended, not when the waiting has.
        """
        await self._places.acquire(tenant_id)
        loop = asyncio.get_running_loop()

        def release() -> None:
            with suppress(RuntimeError):  # the loop is closed: the process stops
                loop.call_soon_threadsafe(self._places.release, tenant_id)

        try:
            running = self._executor.submit(work, *args, **kwargs)
        except BaseException:
            self._places.release(tenant_id)
            raise
        running.add_done_callback(lambda _: release())
        return await asyncio.wrap_future(running)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
