"""Encoded audio: bytes with media type, duration and sample rate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncodedAudio:
    """Encoded audio ready to be stored. ``sample_rate`` in Hz."""

    data: bytes
    mime_type: str
    duration_ms: int
    sample_rate: int
