"""Retries of a stage: on the same engine after a pause, or on the next engine in order of preference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic

from db.errors import EngineUnavailable, Overloaded, TransientEngineError, VoxLoomError
from db.retries import backoff
from inference.lender import E, Lender

#: More than any of the few tries that a turn makes is to wait for.
_LONGEST_PAUSE_SECONDS = 300.0


class RetryOn(Enum):
    """The engine on which a failed stage may succeed."""

    SAME_ENGINE = "the same engine, after a pause"
    OTHER_ENGINE = "another engine"
    NO_ENGINE = "no engine"


def retry_on(error: Exception) -> RetryOn:
    """Transient errors are retried on the same engine, engine errors on another; bad input on none."""
    if isinstance(error, TransientEngineError | Overloaded):
        return RetryOn.SAME_ENGINE
    if isinstance(error, VoxLoomError) and not isinstance(error, EngineUnavailable):
        return RetryOn.NO_ENGINE
    return RetryOn.OTHER_ENGINE


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``tries``: attempts on each engine or tool. The pause before a retry starts at ``pause_seconds`` and doubles."""

    tries: int = 3
    pause_seconds: float = 0.5

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures, with jitter: turns that failed together do not come back together."""
        return backoff(failures, first_seconds=self.pause_seconds, longest_seconds=_LONGEST_PAUSE_SECONDS)


class EngineRetries(Generic[E]):
    """The engines that one turn may still use for a stage, in order of preference."""

    def __init__(self, lenders: Sequence[Lender[E]], policy: RetryPolicy) -> None:
        self._lenders = list(lenders)
        self._policy = policy
        self._used = 1

    @property
    def lender(self) -> Lender[E]:
        """The current engine."""
        return self._lenders[0]

    def advance(self, retry: RetryOn) -> float | None:
        """Moves to the next attempt. Returns the seconds to wait before it; None if there is none."""
        if retry is RetryOn.SAME_ENGINE and self._used < self._policy.tries:
            self._used += 1
            return self._policy.pause(self._used - 1)
        if retry is RetryOn.NO_ENGINE or len(self._lenders) == 1:
            return None
        del self._lenders[0]
        self._used = 1
        return 0.0
