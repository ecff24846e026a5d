"""The ``whisper`` engine: openai-whisper on torch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from db.errors import EngineUnavailable
from inference.audio.vad import SpeechDetector
from inference.engines.in_thread import iterate_in_thread
from inference.engines.whisper.languages import languages_of
from inference.engines.whisper.weights import BUNDLED, openai_checkpoint
from inference.engines.whisper.windowing import BEAMS, Listening
from inference.ports import EngineInfo, Samples, Transcript, TranscriptPartial
from inference.weights.cache import ModelCache

if TYPE_CHECKING:
    from inference.engines.whisper.torch_model import TorchWhisper


class WhisperEngine:
    """Transcriber by openai-whisper.

    ``model``: "base" for the bundled weights, the path of a checkpoint, or any other name that ``whisper.load_model``
    takes, which it then downloads into the cache. ``threads`` is torch's number for this process. ``trimmed`` false
    makes the encoder see 30 seconds always, as upstream does. ``beams`` as in ``Listening``.
    """

    concurrency = 1

    def __init__(
        self, model: str, *, cache: ModelCache, threads: int, trimmed: bool = True, beams: int = BEAMS
    ) -> None:
        self._name = model
        self._cache = cache
        self._threads = threads
        self._listening = Listening(SpeechDetector(), trimmed=trimmed, beams=beams)
        self._model: TorchWhisper | None = None
        # One thread of its own: OpenMP keeps workers for every thread that ever ran a model.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="whisper")
        # A path may tell more of the machine than a client should know.
        self.info = EngineInfo("openai-whisper", Path(model).name, languages_of(model))

    async def load(self) -> None:
        """Verifies, converts and loads the weights. Raises EngineUnavailable, or ImportError for a missing package."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    def _load(self) -> None:
        import torch  # noqa: PLC0415  seconds long, and not on every machine
        import whisper  # noqa: PLC0415

        from inference.engines.whisper.torch_model import TorchWhisper  # noqa: PLC0415

        self._listening.detector.load()
        torch.set_num_threads(self._threads)
        source = str(openai_checkpoint(self._cache)) if self._name == BUNDLED else self._name
        try:
            model = whisper.load_model(source, download_root=str(self._cache.root / "openai-whisper"))
        except Exception as exc:  # a download, an unpickler and a state dict fail in many ways
            raise EngineUnavailable(
                f"openai-whisper cannot load {self.info.model}: it is no checkpoint, or it could not be downloaded."
            ) from exc
        self._model = TorchWhisper(model.eval(), self._threads)
        self.info = EngineInfo(self.info.engine, self.info.model, self._model.languages)

    async def close(self) -> None:
        self._model = None

    def transcribe(
        self, samples: Samples, *, language: str | None, among: Sequence[str] = ()
    ) -> AsyncIterator[TranscriptPartial | Transcript]:
        """As ``ports.Transcriber``: a partial for each piece of up to 28 seconds; stops at the next token."""
        if self._model is None:
            raise EngineUnavailable("The engine openai-whisper is not loaded.")
        listen = partial(self._listening.transcribe, self._model, samples, language, among=tuple(among))
        return iterate_in_thread(listen, self._thread)
