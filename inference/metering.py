"""Measures one model call, and says in the project's terms how it ended."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog

from db.errors import VoxLoomError
from db.logs import place_of
from db.outcome import Failure, FinishedCall
from db.words import CallStatus, Stage
from inference.ports import EngineInfo
from inference.registry import E, Lender
from inference.retrying import Again, again_after
from inference.timing import TurnClock

T = TypeVar("T")

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
    log.error("stage_failed", error_id=error_id, stage=stage, error=type(error).__name__, where=place_of(error))
    return Failure("INTERNAL", f"Something went wrong in the server (error {error_id}).", stage)


class CallMeter:
    """One use of an engine by a stage. Its time is counted only while the engine is really working for it."""

    def __init__(self, clock: TurnClock, stage: Stage, info: EngineInfo) -> None:
        self._clock = clock
        self._stage = stage
        self.info = info
        self._made = clock.now()
        self._began: float | None = None
        self._waited = 0.0
        self._busy = 0.0
        self._first: float | None = None
        clock.open_calls.add(self)

    @asynccontextmanager
    async def borrow(self, lender: Lender[E], *, limit_seconds: float) -> AsyncIterator[E]:
        """The engine, its wait measured; what happens inside is the call. Errors come out as StageError.

        May be used many times for one call. ``limit_seconds`` bounds each use, the wait for the engine not counted.
        """
        asked = self._clock.now()
        try:
            async with lender.lend() as engine:
                self._waited += self._clock.now() - asked
                self._clock.add_wait(self._stage, asked, self._clock.now())
                async with asyncio.timeout(limit_seconds):
                    yield engine
        except StageError:
            raise
        except Exception as error:
            failure = failure_of(error, self._stage)
            call = self.finished(error=f"{failure.code}: {failure.message}")
            raise StageError(failure, call, again_after(error)) from error

    async def each(self, items: AsyncIterator[T], *, stall_seconds: float) -> AsyncGenerator[T, None]:
        """The items of an engine, the wait for each counted as its work. A wait over ``stall_seconds`` ends the call.

        May be used many times for one call. The engine's iterator is closed whatever happens.
        """
        try:
            while True:
                begin = self._clock.now()
                if self._began is None:
                    self._began = begin
                try:
                    async with asyncio.timeout(stall_seconds):
                        item = await anext(items)
                except StopAsyncIteration:
                    return
                finally:
                    end = self._clock.now()
                    self._busy += end - begin
                    self._clock.add_busy(self._stage, begin, end)
                if self._first is None:
                    self._first = end - self._began
                yield item
        finally:
            await close(items)

    def finished(self, *, error: str | None = None, model: str | None = None, **counts: Any) -> FinishedCall:
        """The call, which is over: FAILED if there is an error."""
        return self._report(CallStatus.OK if error is None else CallStatus.FAILED, error, model, counts)

    def cancelled(self) -> FinishedCall | None:
        """The call as it was when it was cut short; null if its engine had not begun."""
        return None if self._began is None else self._report(CallStatus.CANCELLED, None, None, {})

    def _report(
        self, status: CallStatus, error: str | None, model: str | None, counts: Mapping[str, Any]
    ) -> FinishedCall:
        self._clock.open_calls.discard(self)
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
