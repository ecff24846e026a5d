"""The engine ``whisper``: speech recognition by openai-whisper on torch."""

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
from inference.engines.whisper.loading import load_torch
from inference.engines.whisper.windowing import BEAMS, LongFormTranscriber
from inference.ports import EngineInfo, Samples, Transcript, TranscriptPartial
from inference.weights.cache import ModelCache

if TYPE_CHECKING:
    from inference.engines.whisper.torch_model import TorchWhisper


class WhisperEngine:
    """Implements ``inference.ports.Transcriber``.

    ``model``: "base" for the bundled weights, the path of a checkpoint, or another name for ``whisper.load_model``,
    which downloads it into the cache. ``threads``: of torch, for the whole process. ``trimmed``: False pads every
    window to 30 seconds, as openai-whisper does. ``beams``: see ``LongFormTranscriber``.
    """

    concurrency = 1

    def __init__(
        self, model: str, *, cache: ModelCache, threads: int, trimmed: bool = True, beams: int = BEAMS
    ) -> None:
        self._name = model
        self._cache = cache
        self._threads = threads
        self._long_form = LongFormTranscriber(SpeechDetector(), trimmed=trimmed, beams=beams)
        self._model: TorchWhisper | None = None
        # A thread of its own: OpenMP keeps a pool of workers for every thread that has run a model.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="whisper")
        # The name only: clients must not see paths of this machine.
        self.info = EngineInfo("openai-whisper", Path(model).name, languages_of(model))

    async def load(self) -> None:
        """Verifies, converts and loads the weights. Raises EngineUnavailable, or ImportError for a missing package."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    def _load(self) -> None:
        self._long_form.detector.load()
        self._model = load_torch(self._name, self._cache, self._threads)
        self.info = EngineInfo(self.info.engine, self.info.model, self._model.languages)

    async def close(self) -> None:
        self._model = None

    def transcribe(
        self, samples: Samples, *, language: str | None, among: Sequence[str] = ()
    ) -> AsyncIterator[TranscriptPartial | Transcript]:
        """See ``ports.Transcriber``. Yields a partial for each piece of up to 28 seconds; stops at the next token."""
        if self._model is None:
            raise EngineUnavailable("The engine openai-whisper is not loaded.")
        transcribe = partial(self._long_form.transcribe, self._model, samples, language, among=tuple(among))
        return iterate_in_thread(transcribe, self._thread)
