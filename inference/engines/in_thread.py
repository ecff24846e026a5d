"""Runs a blocking generator in a thread and hands its items to the event loop as they come."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")

#: How many items a model may be ahead of its reader before it waits.
_AHEAD = 16


class _End:
    """Marks the end of the stream; carries the error it ended with."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


async def iterate_in_thread(
    produce: Callable[[threading.Event], Iterator[T]], executor: Executor | None = None
) -> AsyncIterator[T]:
    """Yields what ``produce(stop)`` yields, each item made in a thread of ``executor``.

    When the reader closes early or is cancelled, ``stop`` is set, the blocking generator is closed after the item
    it is working on, and the thread has left it before this returns: a model is never lent on while it still runs.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[T | _End] = asyncio.Queue()
    room = threading.Semaphore(_AHEAD)
    stop = threading.Event()

    def run() -> None:
        error: BaseException | None = None
        items: Iterator[T] | None = None
        try:
            items = produce(stop)
            for item in items:
                if stop.is_set():
                    break
                room.acquire()
                if stop.is_set():
                    break
                loop.call_soon_threadsafe(queue.put_nowait, item)
        except BaseException as exc:  # handed to the reader, who raises it
            error = exc
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
            loop.call_soon_threadsafe(queue.put_nowait, _End(error))

    thread = loop.run_in_executor(executor, run)
    try:
        while True:
            item = await queue.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            room.release()
            yield item
    finally:
        stop.set()
        room.release()
        await _outlast_cancellation(thread)


async def _outlast_cancellation(thread: asyncio.Future[None]) -> None:
    cancelled: asyncio.CancelledError | None = None
    while not thread.done():
        try:
            await asyncio.shield(thread)
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is not None:
        raise cancelled
