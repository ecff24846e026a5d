"""What the parts of one call share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from inference.live.outbox import Outbox
from inference.live.ports import CallRecord
from inference.live.times import CallTimes
from inference.live.utterance import Recognition
from inference.ports import Superseded
from inference.turn.attempt import TurnSetup

T = TypeVar("T")


@dataclass(slots=True)
class CallContext:
    """``record``: of the present connection. ``now``: seconds of the caller's audio so far."""

    record: CallRecord
    outbox: Outbox
    recognition: Recognition
    setup: TurnSetup
    times: CallTimes
    now: Callable[[], float]

    async def write(self, action: Callable[[CallRecord], Awaitable[T]]) -> T:
        """A write of the record; done again if the caller came back on another connection meanwhile."""
        while True:
            record = self.record
            try:
                return await action(record)
            except Superseded:
                if record is self.record:
                    raise
