"""The streaming engines ``ctranslate2`` and ``whisper``: live calls by Whisper on CTranslate2 or torch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from db.errors import EngineUnavailable
from inference.audio.vad import SpeechDetector
from inference.engines.whisper.languages import languages_of
from inference.engines.whisper.loading import TINY_ENGLISH, load_ctranslate2, load_torch
from inference.engines.whisper.stream import StreamModels, WhisperStream
from inference.lane import Lane, current_lane
from inference.ports import EngineInfo
from inference.weights.cache import ModelCache

#: Seconds of new audio before the next partial words. A model of torch takes several times as long.
_NEW_SECONDS, _NEW_SECONDS_TORCH = 0.16, 0.48


class StreamingWhisper:
    """Implements ``inference.ports.StreamingTranscriber``.

    ``load_models``: blocking. Streams run on the current lane where they are begun, else on one of the engine's own
    with ``parallel`` threads.
    """

    concurrency = 1000

    def __init__(self, info: EngineInfo, load_models: Callable[[], StreamModels], *, parallel: int = 1) -> None:
        self.info = info
        self._load_models = load_models
        self._models: StreamModels | None = None
        self._lane = Lane(parallel)

    async def load(self) -> None:
        """Loads the models. Raises EngineUnavailable, or ImportError for a missing package."""
        self._models = await asyncio.to_thread(self._load_models)
        self.info = EngineInfo(self.info.engine, self.info.model, self._models.good.languages)

    async def close(self) -> None:
        self._models = None
        await self._lane.close()

    def listen(self, *, language: str | None, among: Sequence[str] = ()) -> WhisperStream:
        """See ``ports.StreamingTranscriber``. Raises EngineUnavailable for an unknown language."""
        if self._models is None:
            raise EngineUnavailable(f"The engine {self.info.engine} is not loaded.")
        place = current_lane()
        return WhisperStream(self._models, place.lane if place else self._lane, language, among)


def streaming_ctranslate2(model: str, *, cache: ModelCache, threads: int, parallel: int = 1) -> StreamingWhisper:
    """``model``: as in ``CTranslate2Engine``. Partial words in English come from tiny.en, others from ``model``."""

    def load() -> StreamModels:
        quick = {"en": load_ctranslate2(TINY_ENGLISH, cache, threads, parallel)}
        good = load_ctranslate2(model, cache, threads, parallel)
        return StreamModels(good, _detector(), quick, _NEW_SECONDS)

    info = EngineInfo("ctranslate2", Path(model).name, languages_of(model))
    return StreamingWhisper(info, load, parallel=parallel)


def streaming_torch(model: str, *, cache: ModelCache, threads: int, parallel: int = 1) -> StreamingWhisper:
    """``model``: as in ``WhisperEngine``; it also makes the partial words, less often."""

    def load() -> StreamModels:
        return StreamModels(load_torch(model, cache, threads), _detector(), {}, _NEW_SECONDS_TORCH)

    info = EngineInfo("openai-whisper", Path(model).name, languages_of(model))
    return StreamingWhisper(info, load, parallel=parallel)


def _detector() -> SpeechDetector:
    detector = SpeechDetector()
    detector.load()
    return detector
