"""What a decoder finds out about a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Which of two channels is the customer's. See ``channels.mono``.
CustomerChannel = Literal["auto", "left", "right", "mix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFacts:
    """``source_sample_rate`` and ``channels`` as recorded.

    ``mime_type``: what the bytes are, which need not be what the sender said.
    """

    duration_ms: int
    source_sample_rate: int
    channels: int
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(RecordingFacts):
    """``samples``: shape (n,), float32 in -1..1 at 16 kHz, mono."""

    samples: NDArray[np.float32]
