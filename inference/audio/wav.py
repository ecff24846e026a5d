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
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes(encode_pcm(samples))
    return file.getvalue()


def decode_wav(data: bytes) -> tuple[Samples, int]:
    """Inverse of ``encode_wav``: the samples and their rate. For files that this code wrote, not for clients'."""
    with wave.open(io.BytesIO(data)) as reader:
        return decode_pcm(reader.readframes(reader.getnframes())), reader.getframerate()


def encode_pcm(samples: Samples) -> bytes:
    """16-bit little-endian PCM of samples, clipped to -1..1."""
    return np.rint(np.clip(samples, -1.0, 1.0) * _PCM16_MAX).astype("<i2").tobytes()


def decode_pcm(data: bytes) -> Samples:
    """Inverse of ``encode_pcm``."""
    return (np.frombuffer(data, dtype="<i2") / _PCM16_MAX).astype(np.float32)


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """Resamples mono audio from ``rate`` to ``wanted`` Hz."""
    if rate == wanted:
        return samples
    return np.asarray(soxr.resample(samples, rate, wanted), dtype=np.float32)
