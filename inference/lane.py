"""Priority lane: the model threads of a voice process, which take the most urgent job first.

Everything that computes for live calls runs here, as jobs on one thread each (``EngineContext.threads`` = 1), so that
the threads never outnumber the cores. A job is not interrupted: an urgent one waits at most for the running ones. Work
therefore comes in short jobs: ``iterate_in_thread`` makes a job of each step of an engine's generator.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Any, TypeVar

from db.errors import Overloaded
from inference.cancellation import outlast_cancellation

T = TypeVar("T")


class Priority(IntEnum):
    """The order in which waiting jobs start; of equal ones the oldest first."""

    #: The final words of a caller's turn.
    FINAL = 0
    TURN_SCORE = 1
    SPEECH = 2
    #: Partial words, and work ahead of time.
    PARTIAL = 3
    #: Turns of the queue, whose customers do not wait on the line.
    QUEUED = 4


#: Jobs that may wait. More is a fault: each call has a handful of jobs, and calls are admitted by ``wait_p90``.
MAX_WAITING = 512

_RETRY_SECONDS = 1.0

#: Seconds that final words may wait (p90) for another call to be admitted.
MAX_FINAL_WAIT = 0.3

#: The jobs of a priority whose waits count: at most this many, and none that started longer ago, in seconds.
_SAMPLES = 100
_SAMPLE_SECONDS = 30.0


@dataclass(order=True, slots=True)
class _Job:
    priority: int
    number: int
    work: Callable[[], Any] = field(compare=False)
    context: Context = field(compare=False)
    loop: asyncio.AbstractEventLoop = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)
    queued_at: float = field(compare=False)
    started: bool = field(default=False, compare=False)
    cancelled: bool = field(default=False, compare=False)


class Lane:
    """``threads``: model threads, at most one for each core. They start with the first job.

    Jobs of the priority QUEUED never take the last free thread of several.
    """

    def __init__(self, threads: int, *, max_waiting: int = MAX_WAITING) -> None:
        self.threads = threads
        self._max_waiting = max_waiting
        self._waiting: list[_Job] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._workers: list[threading.Thread] = []
        self._running_queued = 0
        self._closed = False
        self._waits: dict[int, deque[tuple[float, float]]] = {each: deque(maxlen=_SAMPLES) for each in Priority}

    async def run(self, priority: Priority, work: Callable[[], T], *, abandon: bool = False) -> T:
        """The result of ``work()``, or its error, from a thread of the lane, in the caller's context variables.

        A cancelled job that waits never runs. One that runs is waited for, unless ``abandon`` is set: then it goes on
        in its thread and its result is dropped. Raises Overloaded if too many jobs wait, RuntimeError after ``close``.
        """
        job = self._enqueue(priority, work)
        try:
            return await asyncio.shield(job.future)
        except asyncio.CancelledError:
            if self._withdraw(job) or abandon:
                job.future.cancel()
                raise
            await outlast_cancellation(job.future)
            raise

    @property
    def admits_call(self) -> bool:
        """Whether final words come soon enough for one more call."""
        return self.wait_p90(Priority.FINAL) <= MAX_FINAL_WAIT

    def wait_p90(self, priority: Priority) -> float:
        """Seconds that 9 of 10 recent jobs of this priority waited at most; 0 without any. Waiting jobs count too."""
        now = time.monotonic()
        with self._changed:
            waits = [wait for at, wait in self._waits[priority] if now - at <= _SAMPLE_SECONDS]
            waits += [now - job.queued_at for job in self._waiting if job.priority == priority and not job.cancelled]
        waits.sort()
        return waits[math.ceil(0.9 * len(waits)) - 1] if waits else 0.0

    async def close(self, seconds: float = 5.0) -> None:
        """Cancels the jobs that wait, and waits at most ``seconds`` for those that run. Idempotent."""
        with self._changed:
            self._closed = True
            waiting, self._waiting = self._waiting, []
            self._changed.notify_all()
        for job in waiting:
            _settle(job, job.future.cancel)
        await asyncio.to_thread(self._join, seconds)

    def _join(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        for worker in self._workers:
            worker.join(max(0.0, until - time.monotonic()))

    def _enqueue(self, priority: Priority, work: Callable[[], Any]) -> _Job:
        loop = asyncio.get_running_loop()
        with self._changed:
            if self._closed:
                raise RuntimeError("The lane is closed.")
            if len(self._waiting) >= self._max_waiting:
                raise Overloaded("Too much work waits for the models.", _RETRY_SECONDS)
            job = _Job(
                priority, next(self._numbers), work, copy_context(), loop, loop.create_future(), time.monotonic()
            )
            heapq.heappush(self._waiting, job)
            while len(self._workers) < self.threads:
                # Daemons: native code that hangs must not keep the process from ending.
                worker = threading.Thread(target=self._work, name=f"lane-{len(self._workers)}", daemon=True)
                self._workers.append(worker)
                worker.start()
            self._changed.notify()
        return job

    def _withdraw(self, job: _Job) -> bool:
        """Takes a job that waits out of the queue; False if it has started."""
        with self._changed:
            if job.started:
                return False
            job.cancelled = True
            if job in self._waiting:
                self._waiting.remove(job)
                heapq.heapify(self._waiting)
        return True

    def _work(self) -> None:
        while (job := self._take()) is not None:
            try:
                result = job.context.run(job.work)
            except BaseException as error:
                raised = error
                if isinstance(error, StopIteration):  # a future takes none
                    raised = RuntimeError("A job of the lane raised StopIteration.")
                _settle(job, partial(_fail, job.future, raised))
            else:
                _settle(job, partial(_succeed, job.future, result))
                del result
            if job.priority == Priority.QUEUED:
                with self._changed:
                    self._running_queued -= 1
                    self._changed.notify()
            del job  # and with it what the work holds

    def _take(self) -> _Job | None:
        """Waits for the next job; None once the lane is closed."""
        with self._changed:
            while True:
                if self._closed:
                    return None
                if self._waiting and self._may_start(self._waiting[0]):
                    break
                self._changed.wait()
            job = heapq.heappop(self._waiting)
            job.started = True
            self._running_queued += job.priority == Priority.QUEUED
            now = time.monotonic()
            self._waits[job.priority].append((now, now - job.queued_at))
        return job

    def _may_start(self, job: _Job) -> bool:
        return job.priority != Priority.QUEUED or self._running_queued < max(1, self.threads - 1)


def _settle(job: _Job, settle: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # its event loop is closed: nobody waits any more
        job.loop.call_soon_threadsafe(settle)


def _succeed(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


@dataclass(frozen=True, slots=True)
class LanePlace:
    """Where the current task's model work runs."""

    lane: Lane
    priority: Priority

    async def run(self, work: Callable[[], T], *, abandon: bool = False) -> T:
        """``Lane.run`` at this priority."""
        return await self.lane.run(self.priority, work, abandon=abandon)


_place: ContextVar[LanePlace | None] = ContextVar("lane_place", default=None)


def current_lane() -> LanePlace | None:
    """The lane and priority of the current task; None where engines use threads of their own."""
    return _place.get()


@contextmanager
def use_lane(lane: Lane, priority: Priority) -> Iterator[None]:
    """Model work begun within the context runs on the lane, also in tasks that are created within it."""
    token = _place.set(LanePlace(lane, priority))
    try:
        yield
    finally:
        _place.reset(token)
