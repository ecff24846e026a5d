"""Time limits of a turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from inference.turn.retries import RetryPolicy


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """``recording_seconds``: the longest recording that is transcribed. ``stall_seconds``: the longest wait for an
    engine's next item. ``stage_seconds``: the longest total of these waits in one model call. ``tool_seconds``: the
    longest run of a tool.
    """

    recording_seconds: float
    stall_seconds: float
    stage_seconds: float
    tool_seconds: float
    retry: RetryPolicy = field(default_factory=RetryPolicy)
