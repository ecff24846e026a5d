"""Turn score: how complete a caller's turn sounds, by smart-turn v3.2 (BSD-2, github.com/pipecat-ai/smart-turn).

The model reads the last 8 seconds of sound, as Whisper's log-mel spectrogram (80 bands, 10 ms), zero mean and unit
variance, padded with silence on the left. It takes 65 to 80 ms on one thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from db.errors import EngineUnavailable
from inference.import_package import import_package
from inference.ports import SAMPLE_RATE, Samples
from inference.weights.cache import PackageFile

if TYPE_CHECKING:
    from faster_whisper.feature_extractor import FeatureExtractor
    from onnxruntime import InferenceSession

#: Read as a file; the package's code is not imported.
_MODEL = PackageFile(
    distribution="pipecat-ai",
    path="pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
    sha256="2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
)

SECONDS = 8
_FRAMES = 100 * SECONDS


class TurnScorer:
    """The turn model on one thread. May be used from several threads at once."""

    def __init__(self) -> None:
        self._session: InferenceSession | None = None
        self._spectrogram: FeatureExtractor | None = None

    def load(self) -> None:
        """Reads the model, once. Raises EngineUnavailable if a package is missing or the file is not the known one."""
        if self._session is not None:
            return
        try:
            import onnxruntime  # noqa: PLC0415 - not on every machine: an API process has none

            import_package("faster_whisper")
            from faster_whisper.feature_extractor import FeatureExtractor  # noqa: PLC0415 - likewise
        except ImportError as error:
            raise EngineUnavailable("The turn model needs the packages onnxruntime and faster-whisper.") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would take other calls' core
        self._spectrogram = FeatureExtractor(feature_size=80, chunk_length=SECONDS)
        self._session = onnxruntime.InferenceSession(
            _MODEL.verified(), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def score(self, samples: Samples) -> float:
        """Probability that the turn is complete. ``samples``: the turn so far and its silence, 16 kHz, float32."""
        assert self._session is not None and self._spectrogram is not None, "load() first"
        recent = samples[-SECONDS * SAMPLE_RATE :].astype(np.float32)
        padded = np.pad(recent, (SECONDS * SAMPLE_RATE - recent.size, 0))
        normal = (padded - padded.mean()) / np.sqrt(padded.var() + 1e-7)
        mel = self._spectrogram(normal, padding=0)[None, :, :_FRAMES].astype(np.float32)
        return float(self._session.run(None, {"input_features": mel})[0].reshape(-1)[0])
