"""Priority lane: the model threads of a voice process, which take the most urgent job first.

Everything that computes for live calls runs here, as jobs on one thread each (``EngineContext.threads`` = 1), so that
the threads never outnumber the cores. A job is not interrupted: an urgent one waits at most for the running ones. Work
therefore comes in short jobs: ``iterate_in_thread`` makes a job of each step of an engine's generator.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
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
    #: The speech of a reply of which the caller hears nothing yet, or nothing any more.
    FIRST_SPEECH = 2
    #: The speech that goes on after it.
    SPEECH = 3
    #: Partial words, and work ahead of time.
    PARTIAL = 4
    #: Speech that is heard only after other speech, of some seconds.
    SPEECH_AHEAD = 5
    #: Turns of the queue, whose customers do not wait on the line.
    QUEUED = 6


#: The priority of a job, or what tells it; it is asked, in any thread, whenever a job is to start, and must be quick.
Urgency = Priority | Callable[[], Priority]

#: Jobs that may wait. More is a fault: each call has a handful of jobs, and calls are admitted by ``wait_p90``.
MAX_WAITING = 512

_RETRY_SECONDS = 1.0

#: Seconds that final words may wait (p90) for another call to be admitted.
MAX_FINAL_WAIT = 0.3

#: The jobs of a priority whose waits count: at most this many, and none that started longer ago, in seconds.
_SAMPLES = 100
_SAMPLE_SECONDS = 30.0


@dataclass(slots=True, eq=False)
class _Job:
    urgency: Urgency
    number: int
    work: Callable[[], Any]
    alone: Hashable | None
    context: Context
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    queued_at: float
    started: bool = False

    @property
    def priority(self) -> Priority:
        return self.urgency if isinstance(self.urgency, Priority) else self.urgency()


class Lane:
    """``threads``: model threads, at most one for each core. They start with the first job.

    Jobs of the priority QUEUED never take the last free thread of several.
    """

    def __init__(self, threads: int, *, max_waiting: int = MAX_WAITING) -> None:
        self.threads = threads
        self._max_waiting = max_waiting
        self._waiting: list[_Job] = []
        self._running: dict[_Job, Priority] = {}
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._workers: list[threading.Thread] = []
        self._closed = False
        self._waits: dict[int, deque[tuple[float, float]]] = {each: deque(maxlen=_SAMPLES) for each in Priority}

    async def run(
        self, urgency: Urgency, work: Callable[[], T], *, abandon: bool = False, alone: Hashable | None = None
    ) -> T:
        """The result of ``work()``, or its error, from a thread of the lane, in the caller's context variables.

        ``alone``: of the jobs with an equal value one runs at a time, abandoned ones too; the most urgent is next.

        A cancelled job that waits never runs. One that runs is waited for, unless ``abandon`` is set: then it goes on
        in its thread and its result is dropped. Raises Overloaded if too many jobs wait, RuntimeError after ``close``.
        """
        job = self._enqueue(urgency, work, alone)
        try:
            return await asyncio.shield(job.future)
        except asyncio.CancelledError:
            if self._withdraw(job) or abandon:
                job.future.cancel()
                raise
            await outlast_cancellation(job.future)
            raise

    @property
    def busy(self) -> bool:
        """Whether calls have as much work for the lane as it has threads: final words, scores, speech that is due."""
        with self._changed:
            waiting = sum(job.priority < Priority.PARTIAL for job in self._waiting)
            running = sum(priority < Priority.PARTIAL for priority in self._running.values())
        return waiting + running >= self.threads

    @property
    def admits_call(self) -> bool:
        """Whether final words come soon enough for one more call."""
        return self.wait_p90(Priority.FINAL) <= MAX_FINAL_WAIT

    def wait_p90(self, priority: Priority) -> float:
        """Seconds that 9 of 10 recent jobs of this priority waited at most; 0 without any. Waiting jobs count too."""
        now = time.monotonic()
        with self._changed:
            waits = [wait for at, wait in self._waits[priority] if now - at <= _SAMPLE_SECONDS]
            waits += [now - job.queued_at for job in self._waiting if job.priority == priority]
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

    def _enqueue(self, urgency: Urgency, work: Callable[[], Any], alone: Hashable | None) -> _Job:
        loop = asyncio.get_running_loop()
        with self._changed:
            if self._closed:
                raise RuntimeError("The lane is closed.")
            if len(self._waiting) >= self._max_waiting:
                raise Overloaded("Too much work waits for the models.", _RETRY_SECONDS)
            future, number = loop.create_future(), next(self._numbers)
            job = _Job(urgency, number, work, alone, copy_context(), loop, future, time.monotonic())
            self._waiting.append(job)
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
            if job in self._waiting:
                self._waiting.remove(job)
        return True

    def _work(self) -> None:
        while (job := self._take()) is not None:
            try:
                result = job.context.run(job.work)
            except BaseException as error:
                raised = error
                if isinstance(error, StopIteration):  # a future takes none
                    raised = RuntimeError("A job of the lane raised StopIteration.")
                settle = partial(_fail, job.future, raised)
            else:
                settle = partial(_succeed, job.future, result)
                del result
            with self._changed:
                del self._running[job]
                self._changed.notify()  # what had to wait for it
            _settle(job, settle)  # after it no longer counts as running: who has the result may ask ``busy``
            del job, settle  # and with them what the work holds

    def _take(self) -> _Job | None:
        """Waits for the next job; None once the lane is closed."""
        with self._changed:
            while True:
                if self._closed:
                    return None
                held = {job.alone for job in self._running if job.alone is not None}
                queued = sum(priority == Priority.QUEUED for priority in self._running.values())
                most = Priority.QUEUED if queued < max(1, self.threads - 1) else Priority.SPEECH_AHEAD
                may_start = [(job.priority, job.number, job) for job in self._waiting if job.alone not in held]
                priority, _, job = min(may_start, default=(None, 0, None))
                if priority is not None and job is not None and priority <= most:
                    break
                self._changed.wait()
            self._waiting.remove(job)
            self._running[job] = priority
            job.started = True
            now = time.monotonic()
            self._waits[priority].append((now, now - job.queued_at))
        return job


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
    urgency: Urgency

    async def run(self, work: Callable[[], T], *, alone: Hashable | None = None) -> T:
        """``Lane.run`` with this urgency."""
        return await self.lane.run(self.urgency, work, alone=alone)


_place: ContextVar[LanePlace | None] = ContextVar("lane_place", default=None)


def current_lane() -> LanePlace | None:
    """The lane and priority of the current task; None where engines use threads of their own."""
    return _place.get()


@contextmanager
def use_lane(lane: Lane, urgency: Urgency) -> Iterator[None]:
    """Model work begun within the context runs on the lane, also in tasks that are created within it."""
    token = _place.set(LanePlace(lane, urgency))
    try:
        yield
    finally:
        _place.reset(token)
