"""Bounds of a turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from inference.turn.retries import RetryPolicy


@dataclass(frozen=True, slots=True)
class Limits:
    """In seconds. ``recording``: the longest that is heard; ``stall``: the longest silence of an engine at work;
    ``stage``: the longest use of an engine; ``tool``: the longest run of a tool.
    """

    recording: float
    stall: float
    stage: float
    tool: float
    retry: RetryPolicy = field(default_factory=RetryPolicy)
