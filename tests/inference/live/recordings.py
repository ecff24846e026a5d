"""Reads the recording of a call in tests."""

from __future__ import annotations

import io
from collections.abc import Mapping

import av
import numpy as np
from numpy.typing import NDArray

from inference.audio.opus import OggFile
from inference.ports import SAMPLE_RATE, Samples

Sides = NDArray[np.float32]


def file_of(segments: Mapping[int, tuple[int, bytes]]) -> bytes:
    """The Ogg file of segments: duration and packets by their position in ms."""
    file = OggFile()
    for at_ms, (_, packets) in sorted(segments.items()):
        file.add(at_ms, packets)
    return file.close()


def sides(data: bytes) -> Sides:
    """The caller's and the assistant's audio, 16 kHz, shape (2, n)."""
    resampler = av.AudioResampler("fltp", "stereo", SAMPLE_RATE)
    parts: list[Sides] = []
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(audio=0):
            parts.extend(np.asarray(each.to_ndarray(), np.float32) for each in resampler.resample(frame))
    parts.extend(np.asarray(each.to_ndarray(), np.float32) for each in resampler.resample(None))
    return np.concatenate(parts, axis=1)


def clicks(samples: Samples) -> list[float]:
    """The times of short loud sounds, in seconds."""
    loud = np.flatnonzero(np.abs(samples) > 0.2)
    if not loud.size:
        return []
    return [float(at) / SAMPLE_RATE for at in loud[np.flatnonzero(np.diff(loud, prepend=-SAMPLE_RATE) > 800)]]


def click(seconds: float, rate: int, *, at: float = 0.0) -> Samples:
    """Silence with a click of 5 ms at a time."""
    samples: Samples = np.zeros(round(seconds * rate), np.float32)
    start, size = round(at * rate), rate // 200
    samples[start : start + size] = 0.8 * np.sin(np.arange(size) * 2 * np.pi * 1500 / rate)
    return samples


def level(samples: Samples, start: float, end: float) -> float:
    """The loudest sample between two times, in seconds."""
    return float(np.abs(samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]).max(initial=0.0))
