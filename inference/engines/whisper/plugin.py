"""The engines ``whisper`` and ``ctranslate2`` as plug-ins, for recordings and for calls: settings and factories."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from inference.engines.factory import EngineContext, EngineFactory, EngineSettings
from inference.ports import StreamingTranscriber, Transcriber

#: Longest piece in seconds: short for a draft, for early partials, and the most that Whisper takes.
_DRAFT_SECONDS = 6.0
_WHOLE_SECONDS = 28.0


class WhisperSettings(EngineSettings):
    """``model``: a name or a path of openai-whisper."""

    model_config = SettingsConfigDict(env_prefix="VOXLOOM_WHISPER_")

    model: str = "base"


class CTranslate2Settings(EngineSettings):
    """``model``: a name or a path of CTranslate2's Whisper."""

    model_config = SettingsConfigDict(env_prefix="VOXLOOM_CTRANSLATE2_")

    model: str = "base"


def _make_whisper(settings: WhisperSettings, context: EngineContext) -> Transcriber:
    from inference.engines.whisper.engine import WhisperEngine

    return WhisperEngine(settings.model, cache=context.cache, threads=context.threads)


def _make_ctranslate2(settings: CTranslate2Settings, context: EngineContext) -> Transcriber:
    from inference.engines.whisper.ctranslate2_engine import CTranslate2Engine
    from inference.engines.whisper.windowing import BEAMS

    return CTranslate2Engine(
        settings.model,
        cache=context.cache,
        threads=context.threads,
        parallel=context.parallel,
        piece_seconds=_DRAFT_SECONDS if context.draft else _WHOLE_SECONDS,
        beams=1 if context.draft else BEAMS,
    )


def _make_streaming_whisper(settings: WhisperSettings, context: EngineContext) -> StreamingTranscriber:
    from inference.engines.whisper.streaming import streaming_torch

    return streaming_torch(settings.model, cache=context.cache, threads=context.threads, parallel=context.parallel)


def _make_streaming_ctranslate2(settings: CTranslate2Settings, context: EngineContext) -> StreamingTranscriber:
    from inference.engines.whisper.streaming import streaming_ctranslate2

    return streaming_ctranslate2(
        settings.model, cache=context.cache, threads=context.threads, parallel=context.parallel
    )


# torch and openai-whisper are in no extra: pip would solve their requirements, which cannot be met together.
whisper = EngineFactory(WhisperSettings, _make_whisper, install="make install")
ctranslate2 = EngineFactory(CTranslate2Settings, _make_ctranslate2, install="pip install 'voxloom[worker]'")
streaming_whisper = EngineFactory(WhisperSettings, _make_streaming_whisper, install="make install")
streaming_ctranslate2 = EngineFactory(
    CTranslate2Settings, _make_streaming_ctranslate2, install="pip install 'voxloom[worker]'"
)
