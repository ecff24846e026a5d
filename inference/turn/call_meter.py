"""Meters a model call: waiting time, busy time, time to first output, and how the call ended."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any, Generic, TypeVar

import structlog

from db.enums import CallStatus, Stage
from db.errors import VoxLoomError
from db.json_value import Json
from db.logs import error_fields
from db.turns.values import Failure, FinishedCall
from inference.lender import STOP_SECONDS, E, Lender
from inference.ports import EngineInfo
from inference.turn.limits import TurnLimits
from inference.turn.retries import RetryOn, retry_on
from inference.turn.timing import TurnClock

T = TypeVar("T")

#: Bound of the queue between an engine and its reader, in items. A reply has fewer: only an endless stream blocks here.
_MAX_BUFFERED = 1000

log = structlog.get_logger(__name__)


class StageError(Exception):
    """A stage failed. ``call``: the model call that failed, None if none was made.

    ``retry_on``: the engine to try next. ``journaled``: whether the failure is on record.
    """

    def __init__(
        self, failure: Failure, call: FinishedCall | None = None, next_engine: RetryOn = RetryOn.NO_ENGINE
    ) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.call = call
        self.retry_on = next_engine
        self.journaled = False


def failure_of(error: Exception, stage: Stage | None) -> Failure:
    """A VoxLoomError keeps its code and message; any other error is masked as INTERNAL, with an id that is logged."""
    if isinstance(error, VoxLoomError):
        return Failure(error.code, error.message, stage)
    if isinstance(error, TimeoutError):
        return Failure("ENGINE_UNAVAILABLE", "The stage took too long.", stage)
    error_id = uuid.uuid4().hex[:12]
    # The traceback's frames are named, but neither their variables nor the error's text: both may hold speech.
    log.error("stage_failed", error_id=error_id, stage=stage, **error_fields(error))
    return Failure("INTERNAL", f"Something went wrong in the server (error {error_id}).", stage)


class _EngineOutput(Generic[T]):
    """Bounded queue from the task that runs an engine to the reader of its items; carries a hard timeout too."""

    def __init__(self) -> None:
        self.items: deque[T] = deque()
        self.timed_out = False
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, item: T) -> None:
        while len(self.items) >= _MAX_BUFFERED:
            self._room.clear()
            await self._room.wait()
        self.items.append(item)
        self._arrived.set()

    def take(self) -> T:
        self._room.set()
        return self.items.popleft()

    def time_out(self) -> None:
        self.timed_out = True
        self._arrived.set()

    def wake(self, _: object) -> None:
        self._arrived.set()

    async def wait(self) -> None:
        """Returns when an item, the end of the engine's task or the timeout has arrived."""
        self._arrived.clear()
        await self._arrived.wait()


class CallMeter:
    """Meters one model call of a stage. Busy time counts only while the engine computes the next item."""

    def __init__(self, clock: TurnClock, stage: Stage, info: EngineInfo) -> None:
        self._clock = clock
        self._stage = stage
        self.info = info
        self._made = clock.now()
        self._began: float | None = None
        self._since: float | None = None
        self._waited = 0.0
        self._busy = 0.0
        self._first: float | None = None
        clock.open_calls.add(self)

    async def stream(
        self, lender: Lender[E], start: Callable[[E], AsyncIterator[T]], *, limits: TurnLimits
    ) -> AsyncGenerator[T, None]:
        """Lends the engine, runs ``start`` on it and yields its items. May be called several times for one model call.

        The engine runs in a task of its own and is released when it is done, however slow the reader is. Only the
        engine's own time counts: ``stall_seconds`` bounds the wait for each item, ``stage_seconds`` their sum.
        Errors are raised as StageError. Closing the generator cancels the engine; native code that ignores the
        cancellation keeps the engine, but does not block the reader.
        """
        output: _EngineOutput[T] = _EngineOutput()
        use = asyncio.create_task(self._use(lender, start, output, limits), name=f"engine-{lender.info.engine}")
        use.add_done_callback(output.wake)
        try:
            while True:
                while output.items:
                    yield output.take()
                if output.timed_out:
                    raise self.failed(TimeoutError())
                if use.done():
                    break
                await output.wait()
            error = use.exception()
            if error is not None:
                raise self.failed(error) if isinstance(error, Exception) else error
        finally:
            await lender.end(use)

    async def _use(
        self, lender: Lender[E], start: Callable[[E], AsyncIterator[T]], output: _EngineOutput[T], limits: TurnLimits
    ) -> None:
        """The engine's task: acquires the engine, then puts its items into ``output``."""
        asked = self._clock.now()
        async with lender.lend() as engine:
            lent = self._clock.now()
            self._waited += lent - asked
            self._clock.add_wait(self._stage, asked, lent)
            items = start(engine)
            try:
                left = limits.stage_seconds
                while left > 0:
                    begun = self._clock.now()
                    try:
                        item = await self._next(items, output, min(left, limits.stall_seconds))
                    except StopAsyncIteration:
                        return
                    left -= self._clock.now() - begun
                    await output.put(item)
                raise TimeoutError
            finally:
                await close(items)

    async def _next(self, items: AsyncIterator[T], output: _EngineOutput[T], seconds: float) -> T:
        """The engine's next item; the wait for it counts as busy time. Raises TimeoutError after ``seconds``."""
        self._since = self._clock.now()
        if self._began is None:
            self._began = self._since
        # asyncio.timeout cannot interrupt native code: this timer wakes the reader while the engine's task waits on.
        alarm = asyncio.get_running_loop().call_later(seconds + STOP_SECONDS, output.time_out)
        try:
            async with asyncio.timeout(seconds):
                item = await anext(items)
            if self._first is None:
                self._first = self._clock.now() - self._began
            return item
        finally:
            alarm.cancel()
            self._count_work()

    def _count_work(self) -> None:
        """Adds the time since the last request for an item to the busy time."""
        if self._since is not None:
            begun, self._since = self._since, None
            now = self._clock.now()
            self._busy += now - begun
            self._clock.add_busy(self._stage, begun, now)

    def failed(self, error: Exception) -> StageError:
        """Ends the call as FAILED; the StageError to raise."""
        failure = failure_of(error, self._stage)
        return StageError(failure, self.finished(error=f"{failure.code}: {failure.message}"), retry_on(error))

    def finished(self, *, error: str | None = None, model: str | None = None, **counts: Any) -> FinishedCall:
        """Ends the call: FAILED with an error, else OK. ``counts``: fields of FinishedCall, as ``output_tokens``."""
        return self._report(CallStatus.OK if error is None else CallStatus.FAILED, error, model, counts)

    def cancelled(self) -> FinishedCall | None:
        """Ends the call as CANCELLED; None if the engine had not started on it."""
        return None if self._began is None else self._report(CallStatus.CANCELLED, None, None, {})

    def _report(
        self, status: CallStatus, error: str | None, model: str | None, counts: Mapping[str, Json]
    ) -> FinishedCall:
        self._clock.open_calls.discard(self)
        self._count_work()
        began = self._made if self._began is None else self._began
        return FinishedCall(
            stage=self._stage,
            engine=self.info.engine,
            model=model or self.info.model,
            status=status,
            started_at=self._clock.moment(began),
            wait_ms=round(self._waited * 1000, 3),
            duration_ms=round(self._busy * 1000, 3),
            first_output_ms=None if self._first is None else round(self._first * 1000, 3),
            error=error,
            **counts,
        )


async def close(items: AsyncIterator[Any]) -> None:
    """Closes an async generator now, rather than when it is garbage collected."""
    if isinstance(items, AsyncGenerator):
        await items.aclose()
