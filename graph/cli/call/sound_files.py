"""Recordings as the audio of a call: read at its sample rate, written as it was played."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.error import FFmpegError

from db.errors import BadUserInput
from graph.cli.call.playout import SAMPLE_RATE


def read_sound(file: Path) -> bytes:
    """A local recording as 24 kHz mono PCM. Raises BadUserInput for a file without audio that can be decoded."""
    try:
        with av.open(str(file)) as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
            pieces = [
                resampled.to_ndarray().tobytes()
                for frame in [*container.decode(audio=0), None]
                for resampled in resampler.resample(frame)
            ]
    except (FFmpegError, IndexError) as error:
        if isinstance(error, OSError) and error.filename:
            raise
        raise BadUserInput(f"{file} has no audio that can be decoded.") from None
    return b"".join(pieces)


@contextmanager
def sound_writer(file: Path) -> Iterator[wave.Wave_write]:
    """A WAV file for what is played."""
    with wave.open(str(file), "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(SAMPLE_RATE)
        yield writing
