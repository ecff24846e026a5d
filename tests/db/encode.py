"""Encodes test recordings in any container format (PyAV)."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray


def tone(seconds: float, rate: int, channels: int = 1) -> NDArray[np.float32]:
    """A 440 Hz tone, shape (channels, samples), each channel a little quieter than the one before."""
    wave = np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    return np.stack([wave * 0.5 / (1 + channel) for channel in range(channels)]).astype(np.float32)


def encode(
    container: str,
    codec: str,
    *,
    rate: int,
    seconds: float = 2.0,
    layout: str = "mono",
    options: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    with_video: bool = False,
) -> bytes:
    """An encoded file with a tone of ``seconds``."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=dict(options or {})) as output:
        output.metadata.update(metadata or {})
        video = output.add_stream("mpeg4", rate=10, width=32, height=32, pix_fmt="yuv420p") if with_video else None
        stream = cast(AudioStream, output.add_stream(codec, rate=rate, layout=layout))
        context = stream.codec_context
        if video is not None:
            for _ in range(int(seconds * 10)):
                output.mux(video.encode(av.VideoFrame(32, 32, "yuv420p")))
            output.mux(video.encode(None))
        resampler = av.AudioResampler(
            format=context.format, layout=layout, rate=rate, frame_size=context.frame_size or 1024
        )
        frame = av.AudioFrame.from_ndarray(
            tone(seconds, rate, av.AudioLayout(layout).nb_channels), format="fltp", layout=layout
        )
        frame.sample_rate = rate
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return file.getvalue()


def wav_of(samples: NDArray[np.float32], rate: int, *, channels: int = 1) -> bytes:
    """A float32 WAV with any values, also those that no encoder writes. ``samples``: interleaved."""
    body = samples.astype("<f4").tobytes()
    head = struct.pack("<HHIIHH", 3, channels, rate, rate * 4 * channels, 4 * channels, 32)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16)
        + head
        + struct.pack("<4sI", b"data", len(body))
        + body
    )


def with_data_size(wav: bytes, size: int) -> bytes:
    """The WAV with another size in the header of its data chunk."""
    at = wav.index(b"data") + 4
    return wav[:at] + struct.pack("<I", size) + wav[at + 4 :]
