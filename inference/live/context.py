"""What the parts of one call share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inference.live.outbox import Outbox
from inference.live.ports import CallRecord
from inference.live.times import CallTimes
from inference.live.utterance import Recognition
from inference.turn.attempt import TurnSetup


@dataclass(slots=True)
class CallContext:
    """``record``: of the present connection. ``now``: seconds of the caller's audio so far."""

    record: CallRecord
    outbox: Outbox
    recognition: Recognition
    setup: TurnSetup
    times: CallTimes
    now: Callable[[], float]
