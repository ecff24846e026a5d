"""Small pure functions on samples: what speech needs on its way out."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence

import numpy as np

from inference.ports import Samples

_PCM16_MAX = 32_767


def encode_wav(samples: Samples, sample_rate: int) -> bytes:
    """A mono 16-bit PCM WAV file of ``samples`` (float32, louder than 1 is clipped) at ``sample_rate`` a second."""
    pcm = np.rint(np.clip(samples, -1.0, 1.0) * _PCM16_MAX).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes(pcm.tobytes())
    return file.getvalue()


def join(pieces: Sequence[Samples], sample_rate: int, *, gap_seconds: float = 0.0) -> Samples:
    """The pieces one after the other, all at ``sample_rate``, with ``gap_seconds`` of silence between them."""
    gap = np.zeros(round(gap_seconds * sample_rate), np.float32)
    parts = [part for piece in pieces for part in (gap, piece)][1:]
    return np.concatenate(parts, dtype=np.float32) if parts else np.zeros(0, np.float32)
