"""Limits of queued turns, a value of the settings: apart from their check, so that commands start fast."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Most QUEUED turns, and the ``retryAfterSeconds`` of the error beyond."""

    per_session: int = 20
    per_tenant: int = 2_000
    retry_after_seconds: float = 2
