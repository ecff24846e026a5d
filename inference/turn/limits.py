"""Time limits of a turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from inference.turn.retries import RetryPolicy


@dataclass(frozen=True, slots=True)
class Limits:
    """In seconds. ``recording``: the longest recording that is transcribed. ``stall``: the longest wait for an engine's
    next item. ``stage``: the longest total of these waits in one model call. ``tool``: the longest run of a tool.
    """

    recording: float
    stall: float
    stage: float
    tool: float
    retry: RetryPolicy = field(default_factory=RetryPolicy)
