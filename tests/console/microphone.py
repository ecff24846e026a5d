"""What the browser's fake microphone hears: a file of silence and of shipped recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inference.audio.wav import encode_wav
from inference.ports import SAMPLE_RATE, Samples
from tests.speech_samples import clips

#: Silence at the end: longer than any test.
_END_SECONDS = 90


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def speech(seconds: float) -> Samples:
    """The beginning of a recording."""
    return clips()["jfk"].samples[: round(seconds * SAMPLE_RATE)]


def microphone(path: Path, *parts: Samples) -> list[str]:
    """Arguments for Chromium; ``path``: of the file that is written. It is heard from when the microphone is opened."""
    path.write_bytes(encode_wav(np.concatenate([*parts, silence(_END_SECONDS)]), SAMPLE_RATE))
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}%noloop",
    ]
