"""The engine ``ctranslate2``: speech recognition by Whisper in int8 on CTranslate2, without torch; fit for drafts."""

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
from inference.engines.whisper.loading import load_ctranslate2
from inference.engines.whisper.windowing import BEAMS, LongFormTranscriber
from inference.ports import EngineInfo, Samples, Transcript, TranscriptPartial
from inference.weights.cache import ModelCache

if TYPE_CHECKING:
    from inference.engines.whisper.ctranslate2_model import CTranslate2Whisper


class CTranslate2Engine:
    """Implements ``inference.ports.Transcriber``.

    ``model``: "base" for the bundled weights, a directory with a converted model, or a name or repository that
    faster-whisper downloads into the cache. ``piece_seconds``: the longest piece; 28 has the fewest errors, about 6
    gives early partials, as a draft needs. ``parallel``: see ``CTranslate2Whisper``. ``trimmed``, ``beams``: see
    ``LongFormTranscriber``.
    """

    concurrency = 1

    def __init__(
        self,
        model: str,
        *,
        cache: ModelCache,
        threads: int,
        parallel: int = 1,
        piece_seconds: float = 28.0,
        trimmed: bool = True,
        beams: int = BEAMS,
    ) -> None:
        self._name = model
        self._cache = cache
        self._threads = threads
        self._parallel = parallel
        self._long_form = LongFormTranscriber(
            SpeechDetector(), piece_seconds=piece_seconds, trimmed=trimmed, beams=beams
        )
        self._model: CTranslate2Whisper | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ctranslate2")
        self.info = EngineInfo("ctranslate2", Path(model).name, languages_of(model))

    async def load(self) -> None:
        """Verifies, lays out and loads the weights. Raises EngineUnavailable, or ImportError for a missing package."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    def _load(self) -> None:
        self._long_form.detector.load()
        self._model = load_ctranslate2(self._name, self._cache, self._threads, self._parallel)
        self.info = EngineInfo(self.info.engine, self.info.model, self._model.languages)

    async def close(self) -> None:
        self._model = None

    def transcribe(
        self, samples: Samples, *, language: str | None, among: Sequence[str] = ()
    ) -> AsyncIterator[TranscriptPartial | Transcript]:
        """See ``ports.Transcriber``. Yields a partial for each piece; stops between pieces."""
        if self._model is None:
            raise EngineUnavailable("The engine ctranslate2 is not loaded.")
        transcribe = partial(self._long_form.transcribe, self._model, samples, language, among=tuple(among))
        return iterate_in_thread(transcribe, self._thread)
