"""Measures one model call, and says in the project's terms how it ended."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any, Generic, TypeVar

import structlog

from db.enums import CallStatus, Stage
from db.errors import VoxLoomError
from db.logs import error_fields
from db.turns.values import Failure, FinishedCall
from inference.lender import LEAVE_SECONDS, E, Lender
from inference.ports import EngineInfo
from inference.turn.limits import Limits
from inference.turn.retries import Again, again_after
from inference.turn.timing import TurnClock

T = TypeVar("T")

#: Items that an engine may be ahead of its reader. More than a spoken reply has: only a stream without end waits here.
_AHEAD = 1000

log = structlog.get_logger(__name__)


class StageError(Exception):
    """A stage could not do its work. ``call`` is the model call that failed, if one was made.

    ``again``: who may do better. ``told``: whether the journal has it.
    """

    def __init__(self, failure: Failure, call: FinishedCall | None = None, again: Again = Again.NOBODY) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.call = call
        self.again = again
        self.told = False


def failure_of(error: Exception, stage: Stage | None) -> Failure:
    """A known error as it is; any other masked, with an id that is also in the log."""
    if isinstance(error, VoxLoomError):
        return Failure(error.code, error.message, stage)
    if isinstance(error, TimeoutError):
        return Failure("ENGINE_UNAVAILABLE", "The stage took too long.", stage)
    error_id = uuid.uuid4().hex[:12]
    # The traceback's frames are named, but neither their variables nor the error's text: both may hold speech.
    log.error("stage_failed", error_id=error_id, stage=stage, **error_fields(error))
    return Failure("INTERNAL", f"Something went wrong in the server (error {error_id}).", stage)


class _Handover(Generic[T]):
    """What an engine's task hands to its reader: items, and that the engine is long overdue."""

    def __init__(self) -> None:
        self.items: deque[T] = deque()
        self.overdue = False
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, item: T) -> None:
        while len(self.items) >= _AHEAD:
            self._room.clear()
            await self._room.wait()
        self.items.append(item)
        self._arrived.set()

    def take(self) -> T:
        self._room.set()
        return self.items.popleft()

    def give_up(self) -> None:
        self.overdue = True
        self._arrived.set()

    def wake(self, _: object) -> None:
        self._arrived.set()

    async def wait(self) -> None:
        """Returns when there is something new."""
        self._arrived.clear()
        await self._arrived.wait()


class CallMeter:
    """One use of an engine by a stage. Its time is counted only while the engine is really working for it."""

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
        self, lender: Lender[E], start: Callable[[E], AsyncIterator[T]], *, limits: Limits
    ) -> AsyncGenerator[T, None]:
        """What ``start`` makes the engine give, as it comes. May be used many times for one call.

        The engine works in a task of its own and is given back when it is done, however slow the reader is. Its own
        time alone counts: ``limits.stall`` bounds the wait for each item, ``limits.stage`` the sum of these waits.
        Errors come out as StageError. Closing the generator stops the engine; native code that does not stop keeps its
        engine, but not the reader.
        """
        handover: _Handover[T] = _Handover()
        use = asyncio.create_task(self._use(lender, start, handover, limits), name=f"engine-{lender.info.engine}")
        use.add_done_callback(handover.wake)
        try:
            while True:
                while handover.items:
                    yield handover.take()
                if handover.overdue:
                    raise self.failed(TimeoutError())
                if use.done():
                    break
                await handover.wait()
            error = use.exception()
            if error is not None:
                raise self.failed(error) if isinstance(error, Exception) else error
        finally:
            await lender.end(use)

    async def _use(
        self, lender: Lender[E], start: Callable[[E], AsyncIterator[T]], handover: _Handover[T], limits: Limits
    ) -> None:
        """One use of the engine, from the wait for it to its last item."""
        asked = self._clock.now()
        async with lender.lend() as engine:
            lent = self._clock.now()
            self._waited += lent - asked
            self._clock.add_wait(self._stage, asked, lent)
            items = start(engine)
            try:
                left = limits.stage
                while left > 0:
                    begun = self._clock.now()
                    try:
                        item = await self._next(items, handover, min(left, limits.stall))
                    except StopAsyncIteration:
                        return
                    left -= self._clock.now() - begun
                    await handover.put(item)
                raise TimeoutError
            finally:
                await close(items)

    async def _next(self, items: AsyncIterator[T], handover: _Handover[T], seconds: float) -> T:
        """The engine's next item, the wait for it counted as its work."""
        self._since = self._clock.now()
        if self._began is None:
            self._began = self._since
        # Native code is not reached by the time-out below: it is waited for in the engine's task, not in the reader's.
        alarm = asyncio.get_running_loop().call_later(seconds + LEAVE_SECONDS, handover.give_up)
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
        """Counts what the engine has worked since it was last asked for an item, once."""
        if self._since is not None:
            begun, self._since = self._since, None
            now = self._clock.now()
            self._busy += now - begun
            self._clock.add_busy(self._stage, begun, now)

    def failed(self, error: Exception) -> StageError:
        """The call, which ended in an error, as the stage's own error."""
        failure = failure_of(error, self._stage)
        return StageError(failure, self.finished(error=f"{failure.code}: {failure.message}"), again_after(error))

    def finished(self, *, error: str | None = None, model: str | None = None, **counts: Any) -> FinishedCall:
        """The call, which is over: FAILED if there is an error."""
        return self._report(CallStatus.OK if error is None else CallStatus.FAILED, error, model, counts)

    def cancelled(self) -> FinishedCall | None:
        """The call as it was when it was cut short; None if its engine had not begun."""
        return None if self._began is None else self._report(CallStatus.CANCELLED, None, None, {})

    def _report(
        self, status: CallStatus, error: str | None, model: str | None, counts: Mapping[str, Any]
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
    """Ends an async generator now, rather than when it is collected."""
    if isinstance(items, AsyncGenerator):
        await items.aclose()
