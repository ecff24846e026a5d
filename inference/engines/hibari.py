"""The engine ``hibari``: a small English TTS model on onnxruntime, with its own grapheme-to-phoneme (G2P). No torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from inference.engines.factory import EngineContext, EngineFactory, EngineSettings
from inference.engines.roman_numerals import without_empty_numerals
from inference.engines.synthesizer_base import SynthesizerBase
from inference.ports import EngineInfo, Samples, Synthesizer
from inference.weights.cache import PackageFile

_BUNDLED = {
    "heart": PackageFile(
        "hibari-tts",
        "hibari/assets/hibari.onnx",
        "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
    )
}


class HibariEngine(SynthesizerBase):
    """A Synthesizer for English, 24 kHz. ``model``: a voice of hibari; all but "heart" are downloaded by ``load``.

    Its only ``voice`` is the name of the model.
    """

    def __init__(self, model: str = "heart", *, threads: int = 1, concurrency: int = 1) -> None:
        super().__init__()
        self.concurrency = concurrency
        self.info = EngineInfo("hibari", model, ("en",), (model,))
        self._threads = threads
        self._model: Any = None

    def _load(self) -> int:
        from hibari import Hibari  # noqa: PLC0415  found missing here, not when the worker starts

        bundled = _BUNDLED.get(self.info.model)
        try:
            path = str(bundled.verified()) if bundled else None
            self._model = Hibari(voice=self.info.model, model=path, threads=self._threads)
            self._model("Ready.", seed=0)  # loads the dictionaries, so that the first turn does not wait
        except (ValueError, OSError, RuntimeError):
            raise self._unavailable("cannot be loaded: it is unknown, or the download failed") from None
        return int(self._model.sample_rate)

    def _unload(self) -> None:
        self._model = None

    def _has_voice(self, voice: str | None, language: str) -> bool:
        return voice in {None, self.info.model}

    def _render(self, words: str, *, language: str, voice: str | None, seed: int) -> Samples:
        return np.asarray(self._model(without_empty_numerals(words), seed=seed), dtype=np.float32)


def _make(settings: EngineSettings, context: EngineContext) -> Synthesizer:
    return HibariEngine(threads=context.threads, concurrency=context.concurrency)


hibari = EngineFactory(EngineSettings, _make, install="pip install 'voxloom[worker]'")
