"""Audio as it is stored: encoded bytes with what is known of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncodedAudio:
    """Encoded audio ready to be stored. ``sample_rate`` in samples a second."""

    data: bytes
    mime_type: str
    duration_ms: int
    sample_rate: int
