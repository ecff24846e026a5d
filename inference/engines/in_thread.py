"""Bridges a blocking generator to an async iterator, with backpressure and cancellation.

The generator runs on the current lane (``inference.lane``) if there is one, step by step, else in a thread.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from concurrent.futures import Executor
from contextlib import aclosing
from typing import Generic, TypeVar, cast

from inference.cancellation import outlast_cancellation
from inference.lane import LanePlace, current_lane

T = TypeVar("T")

#: Items that a model may be ahead of its reader.
_MAX_BUFFERED = 16

#: Seconds: a job of the lane takes further steps of a generator until then, so that cheap ones share a job.
_SLICE_SECONDS = 0.01


class _End:
    """End of the stream, with the error of the generator or None."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


async def iterate_in_thread(
    produce: Callable[[threading.Event], Iterator[T]],
    executor: Executor | None = None,
    *,
    alone: Hashable | None = None,
) -> AsyncIterator[T]:
    """Yields the items of the generator ``produce(stop)``.

    It runs as jobs of the current lane, at most a step of more than 10 ms each; without a lane it runs as a whole in a
    thread of ``executor`` (default: asyncio's). ``alone``: of generators with an equal value one takes a step on a lane
    at a time, the most urgent first, for a model that is not thread-safe.

    If the reader closes the iterator or is cancelled, ``stop`` is set and the generator is closed after its current
    item. Returns only when the thread has left the generator: a model is never lent again while it still runs.
    """
    place = current_lane()
    items = _in_thread(produce, executor) if place is None else _Steps(place, produce, alone).iterate()
    async with aclosing(items):  # type: ignore[type-var]  # both are generators
        async for item in items:
            yield item


async def _in_thread(produce: Callable[[threading.Event], Iterator[T]], executor: Executor | None) -> AsyncIterator[T]:
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
            _close(items)
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
        await outlast_cancellation(thread)


class _Steps(Generic[T]):
    """Steps through a generator in jobs of a lane, one at a time; a job begins when all items are taken."""

    def __init__(
        self, place: LanePlace, produce: Callable[[threading.Event], Iterator[T]], alone: Hashable | None
    ) -> None:
        self._place = place
        self._alone = alone
        self._produce = produce
        self._loop = asyncio.get_running_loop()
        self._items: Iterator[T] | None = None
        self._stop = threading.Event()
        self._buffer: deque[T | _End] = deque()
        self._arrived = asyncio.Event()

    async def iterate(self) -> AsyncIterator[T]:
        job: asyncio.Task[None] | None = None
        try:
            while True:
                while self._buffer:
                    item = self._buffer.popleft()
                    if isinstance(item, _End):
                        if item.error is not None:
                            raise item.error
                        return
                    yield item
                if job is None:
                    job = asyncio.create_task(self._step(), name="lane-step")
                    job.add_done_callback(lambda _: self._arrived.set())
                await self._arrived.wait()
                self._arrived.clear()
                if job.done():
                    job.result()  # raises the lane's error, if it refused the job
                    job = None
        finally:
            self._stop.set()
            await self._end(job)

    async def _step(self) -> None:
        await self._place.run(self._slice, alone=self._alone)

    def _slice(self) -> None:
        """Runs in a thread of the lane: one step, and further ones while there is time."""
        until = time.monotonic() + _SLICE_SECONDS
        try:
            if self._items is None:
                self._items = self._produce(self._stop)
            for count, item in enumerate(self._items, 1):
                if self._stop.is_set():
                    return
                self._deliver(item)
                if count == _MAX_BUFFERED or time.monotonic() >= until:
                    return
            self._finish(None)
        except BaseException as exc:  # raised in the reader's task
            self._finish(exc)

    def _finish(self, error: BaseException | None) -> None:
        items, self._items = self._items, None
        try:
            _close(items)
        finally:
            self._deliver(_End(error))

    def _deliver(self, item: T | _End) -> None:
        def arrive() -> None:
            self._buffer.append(item)
            self._arrived.set()

        self._loop.call_soon_threadsafe(arrive)

    async def _end(self, job: asyncio.Task[None] | None) -> None:
        """Waits for the running step, then closes the generator, in a thread since its clean-up may take time."""
        try:
            if job is not None:
                job.cancel()  # a job that waits never runs
                await outlast_cancellation(job)
        finally:
            if self._items is not None:
                await outlast_cancellation(self._loop.run_in_executor(None, _close, self._items))


def _close(items: Iterator[T] | None) -> None:
    close = cast("Callable[[], None] | None", getattr(items, "close", None))
    if close is not None:
        close()
