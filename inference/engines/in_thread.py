"""Bridges a blocking generator in a thread to an async iterator, with backpressure and cancellation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")

#: Items that a model may be ahead of its reader.
_MAX_BUFFERED = 16


class _End:
    """End of the stream, with the error of the generator or None."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


async def iterate_in_thread(
    produce: Callable[[threading.Event], Iterator[T]], executor: Executor | None = None
) -> AsyncIterator[T]:
    """Yields the items of the generator ``produce(stop)``, which runs in a thread of ``executor`` (default: asyncio's).

    If the reader closes the iterator or is cancelled, ``stop`` is set and the generator is closed after its current
    item. Returns only when the thread has left the generator: a model is never lent again while it still runs.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[T | _End] = asyncio.Queue()
    room = threading.Semaphore(_MAX_BUFFERED)
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
        except BaseException as exc:  # raised in the reader's task
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
    """Waits for the thread even if the task is cancelled, then raises the cancellation."""
    cancelled: asyncio.CancelledError | None = None
    while not thread.done():
        try:
            await asyncio.shield(thread)
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is not None:
        raise cancelled
