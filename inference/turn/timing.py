"""Timing of a turn: when each stage worked or waited, on the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from db.enums import Stage
from db.turns.values import FinishedCall


class OpenCall(Protocol):
    """A model call in progress."""

    def cancelled(self) -> FinishedCall | None:
        """Ends the call as CANCELLED; None if its engine had not started on it."""
        ...


class TurnClock:
    """Times one attempt at a turn. ``started_at``: the database's time when the clock is made.

    The attempt of a live turn may begin before the turn is committed (``claimed``).

    All timestamps are ``started_at`` plus seconds of the monotonic clock, so durations are exact and differences
    between hosts' clocks have no effect.
    """

    def __init__(self, queued_at: datetime, started_at: datetime) -> None:
        self._queued_at = queued_at
        self._started_at = started_at
        self._zero = time.perf_counter()
        self._begin = 0.0
        self._busy: dict[Stage, list[tuple[float, float]]] = {}
        self._waits: dict[Stage, list[tuple[float, float]]] = {}
        self._first: dict[str, float] = {}
        #: Model calls in progress; recorded as CANCELLED if the attempt is cancelled.
        self.open_calls: set[OpenCall] = set()

    def claimed(self, queued_at: datetime, started_at: datetime) -> None:
        """The turn is committed now, with these times. Work of the attempt before it is no time of the turn: in its
        timing, spans begin at ``started_at`` at the earliest."""
        self._queued_at = queued_at
        self._begin = (started_at - self._started_at).total_seconds()

    def now(self) -> float:
        """Seconds since the attempt started."""
        return time.perf_counter() - self._zero

    def moment(self, seconds: float) -> datetime:
        return self._started_at + timedelta(seconds=seconds)

    @contextmanager
    def busy(self, stage: Stage) -> Iterator[None]:
        """Counts the time in this context as the stage's busy time."""
        begin = self.now()
        try:
            yield
        finally:
            self.add_busy(stage, begin, self.now())

    def add_busy(self, stage: Stage, begin: float, end: float) -> None:
        self._busy.setdefault(stage, []).append((begin, end))

    def add_wait(self, stage: Stage, begin: float, end: float) -> None:
        """Counts time that the stage waited for an engine in use by other turns. Seconds since the start."""
        self._waits.setdefault(stage, []).append((begin, end))

    def mark_first(self, what: str) -> None:
        """Notes when the first "words", "text" or "audio" went to the journal; later calls change nothing."""
        self._first.setdefault(what, self.now())

    def timing(self) -> dict[str, object]:
        """The turn's timing for the database, in milliseconds; ``start_ms`` and ``first_*`` count from the queueing.

        ``covered_ms``: time in which at least one stage worked or waited for its engine. What neither it nor the queue
        covers is unattributed time.
        """
        offset = (self._started_at - self._queued_at).total_seconds()
        stages = [
            {
                "stage": stage.value,
                "start_ms": _ms(offset + max(self._begin, min(begin for begin, _ in spans))),
                "duration_ms": _ms(_covered(spans, self._begin)),
                "wait_ms": _ms(_covered(self._waits.get(stage, []), self._begin)),
            }
            for stage, spans in self._busy.items()
        ]
        every = [span for spans in (*self._busy.values(), *self._waits.values()) for span in spans]
        return {
            "stages": stages,
            "covered_ms": _ms(_covered(every, self._begin)),
            **{f"first_{what}_ms": _ms(offset + max(self._begin, at)) for what, at in self._first.items()},
        }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _covered(spans: list[tuple[float, float]], since: float) -> float:
    """The length of the union of the spans, from ``since`` on."""
    total, reached = 0.0, since
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total
