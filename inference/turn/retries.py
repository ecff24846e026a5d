"""What to try after a failure: the same engine again, the next one, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic

from db.errors import EngineUnavailable, Overloaded, TransientEngineError, VoxLoomError
from inference.lender import E, Lender


class Again(Enum):
    """Who may do better."""

    SAME = "the same engine, a little later"
    OTHER = "another engine"
    NOBODY = "nobody"


def again_after(error: Exception) -> Again:
    """What passes is tried again; what one engine cannot do, another may; a bad recording is bad for all of them."""
    if isinstance(error, TransientEngineError | Overloaded):
        return Again.SAME
    if isinstance(error, VoxLoomError) and not isinstance(error, EngineUnavailable):
        return Again.NOBODY
    return Again.OTHER


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``tries``: how often one engine is tried; the pause before each doubles from ``pause_seconds``."""

    tries: int = 3
    pause_seconds: float = 0.5


class Tries(Generic[E]):
    """The engines of a stage in the order of preference, and how far this turn is through them."""

    def __init__(self, lenders: Sequence[Lender[E]], policy: RetryPolicy) -> None:
        self._lenders = list(lenders)
        self._policy = policy
        self._used = 1

    @property
    def lender(self) -> Lender[E]:
        """The engine to use now."""
        return self._lenders[0]

    def advance(self, again: Again) -> float | None:
        """Seconds to wait before the next try, which may be with another engine; null when there is none."""
        if again is Again.SAME and self._used < self._policy.tries:
            self._used += 1
            return self._policy.pause_seconds * float(2 ** (self._used - 2))
        if again is Again.NOBODY or len(self._lenders) == 1:
            return None
        del self._lenders[0]
        self._used = 1
        return 0.0
