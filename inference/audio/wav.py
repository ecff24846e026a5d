"""WAV files and resampling of synthesized speech."""

from __future__ import annotations

import io
import wave

import numpy as np
import soxr

from inference.ports import Samples

_PCM16_MAX = 32_767


def encode_wav(samples: Samples, sample_rate: int) -> bytes:
    """A mono 16-bit PCM WAV file. ``samples``: float32, shape (n,), clipped to -1..1; ``sample_rate`` in Hz."""
    pcm = np.rint(np.clip(samples, -1.0, 1.0) * _PCM16_MAX).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes(pcm.tobytes())
    return file.getvalue()


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """Resamples mono audio from ``rate`` to ``wanted`` Hz."""
    if rate == wanted:
        return samples
    return np.asarray(soxr.resample(samples, rate, wanted), dtype=np.float32)
