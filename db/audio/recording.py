"""A decoded recording: metadata and PCM samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The channel of a stereo recording that has the customer's voice. See ``db.audio.downmix``.
CustomerChannel = Literal["auto", "left", "right", "mix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingInfo:
    """Metadata of a recording. ``source_sample_rate`` (Hz) and ``channels`` as recorded.

    ``mime_type``: detected from the bytes; the sender may have declared another.
    """

    duration_ms: int
    source_sample_rate: int
    channels: int
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(RecordingInfo):
    """A recording with its samples: shape (n,), float32 in -1..1, mono at 16 kHz."""

    samples: NDArray[np.float32]
