"""Voice activity of a caller, frame by frame: Silero VAD 6 (MIT, github.com/snakers4/silero-vad) at 8 kHz.

Recordings are examined with Silero's model for 16 kHz (``inference.audio.vad``). It misses speech that has come over a
phone line (300 to 3,400 Hz): of three speakers 17 to 41 % of the loud frames, and whole turns. The model for 8 kHz
misses 8 to 12 % there, and is as good on wide-band audio. So callers are heard through it, whatever their line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from db.errors import EngineUnavailable
from inference.audio.vad import FRAME
from inference.ports import Samples
from inference.weights.cache import PackageFile

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_MODEL = PackageFile(
    distribution="silero-vad",
    path="silero_vad/data/silero_vad.onnx",
    sha256="1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
)

_RATE = np.array(8000, np.int64)

#: Samples before each frame that the model reads with it, at 8 kHz.
_CONTEXT = 32


class VoiceDetector:
    """The model on one thread, for all callers of a process. May be used from several threads at once."""

    def __init__(self) -> None:
        self._session: InferenceSession | None = None

    def load(self) -> None:
        """Loads the model; idempotent. Raises EngineUnavailable if its package is missing or its file unknown."""
        if self._session is not None:
            return
        try:
            import onnxruntime  # noqa: PLC0415 - not on every machine: an API process has none
        except ImportError as error:
            raise EngineUnavailable("Voice activity detection needs the package onnxruntime.") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            _MODEL.verified(), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def stream(self) -> VoiceStream:
        """The detector for one caller. After ``load``."""
        assert self._session is not None, "load() first"
        return VoiceStream(self._session)


class VoiceStream:
    """Speech probabilities of one caller's audio as it arrives. Holds the LSTM's state: about 1 KB."""

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        self._state = np.zeros((2, 1, 128), np.float32)
        self._before = np.zeros(_CONTEXT, np.float32)

    def feed(self, frame: Samples) -> float:
        """How likely the next frame is speech, 0..1. ``frame``: 512 samples at 16 kHz (32 ms); takes 0.2 ms."""
        narrow = frame.reshape(FRAME // 2, 2).mean(axis=1, dtype=np.float32)
        window = np.concatenate([self._before, narrow])[None]
        speech, self._state = self._session.run(None, {"input": window, "state": self._state, "sr": _RATE})
        self._before = narrow[-_CONTEXT:]
        return float(speech[0, 0])
