"""Where a turn's time goes: which stage ran when, by a clock that never jumps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

from db.enums import Stage
from db.turns.values import FinishedCall


class OpenCall(Protocol):
    """A model call that is under way."""

    def cancelled(self) -> FinishedCall | None:
        """The call as it was when it was cut short; null if its engine had not begun."""
        ...


class TurnClock:
    """Times one attempt at a turn. ``started_at`` is the database's time at the moment the clock is made.

    All moments handed out are that time plus what the monotonic clock has counted since, so that durations are true
    and hosts whose clocks differ do not matter.
    """

    def __init__(self, queued_at: datetime, started_at: datetime) -> None:
        self._queued_at = queued_at
        self._started_at = started_at
        self._zero = time.perf_counter()
        self._busy: dict[Stage, list[tuple[float, float]]] = {}
        self._waits: dict[Stage, list[tuple[float, float]]] = {}
        self._first: dict[str, float] = {}
        #: The calls that are under way, to be put on record if the attempt is cut short.
        self.open_calls: set[OpenCall] = set()

    def now(self) -> float:
        """Seconds since the attempt began."""
        return time.perf_counter() - self._zero

    def moment(self, seconds: float) -> datetime:
        return self._started_at + timedelta(seconds=seconds)

    @contextmanager
    def busy(self, stage: Stage) -> Iterator[None]:
        """The stage works while this is open."""
        begin = self.now()
        try:
            yield
        finally:
            self.add_busy(stage, begin, self.now())

    def add_busy(self, stage: Stage, begin: float, end: float) -> None:
        self._busy.setdefault(stage, []).append((begin, end))

    def add_wait(self, stage: Stage, begin: float, end: float) -> None:
        """The stage waited for its engine, which another turn was using."""
        self._waits.setdefault(stage, []).append((begin, end))

    def mark_first(self, what: str) -> None:
        """The first time that something was on its way to the listener, a commit away; later times are ignored."""
        self._first.setdefault(what, self.now())

    def timing(self) -> dict[str, Any]:
        """Milliseconds; ``start_ms`` and ``first_*`` count from when the turn was queued.

        ``covered_ms`` is the time in which at least one stage worked or waited for its engine: what is left of the
        turn beside it and the queue is nobody's.
        """
        offset = (self._started_at - self._queued_at).total_seconds()
        stages = [
            {
                "stage": stage.value,
                "start_ms": _ms(offset + min(begin for begin, _ in spans)),
                "duration_ms": _ms(_covered(spans)),
                "wait_ms": _ms(_covered(self._waits.get(stage, []))),
            }
            for stage, spans in self._busy.items()
        ]
        every = [span for spans in (*self._busy.values(), *self._waits.values()) for span in spans]
        return {
            "stages": stages,
            "covered_ms": _ms(_covered(every)),
            **{f"first_{what}_ms": _ms(offset + at) for what, at in self._first.items()},
        }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _covered(spans: list[tuple[float, float]]) -> float:
    """The length of the union of the spans."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total
