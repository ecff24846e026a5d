"""Which engine stands behind which port, as the settings say. Imports an engine only when it is chosen."""

from __future__ import annotations

import inference.engines.no_telemetry  # noqa: F401 - before any engine
from inference.lender import E, Engines, Lender
from inference.ports import ChatModel, Synthesizer, Transcriber
from inference.settings import InferenceSettings
from inference.weights.cache import ModelCache, Progress, no_progress

#: Seconds of speech that are understood at once: for a transcript, and for a draft, whose first words shall come early.
_WHOLE = 28.0
_SKETCH = 6.0


def choose_engines(settings: InferenceSettings, progress: Progress = no_progress) -> Engines:
    """The engines of this worker, not loaded yet."""
    cache = ModelCache(settings.model_cache_dir, progress)

    def lender(engine: E) -> Lender[E]:
        return Lender(engine, wait_seconds=settings.engine_wait_seconds, load_seconds=settings.engine_load_seconds)

    draft = settings.asr_draft_engine
    alone = draft == "none" or draft == settings.asr_engine[0]
    # Two engines that hear the same recording side by side share the threads: more of them than cores costs both.
    threads = settings.model_threads if alone else max(1, settings.model_threads // 2)
    return Engines(
        asr=tuple(lender(_transcriber(each, settings, cache, threads=threads)) for each in settings.asr_engine),
        draft=None if alone else lender(_transcriber(draft, settings, cache, threads=threads, piece_seconds=_SKETCH)),
        llm=tuple(lender(_chat_model(each, settings)) for each in settings.llm_engine),
        tts=tuple(lender(_synthesizer(each, settings, cache)) for each in settings.tts_engine),
    )


def _transcriber(
    name: str, settings: InferenceSettings, cache: ModelCache, *, threads: int, piece_seconds: float = _WHOLE
) -> Transcriber:
    if name == "whisper":
        from inference.engines.whisper.engine import WhisperEngine

        return WhisperEngine(settings.whisper_model, cache=cache, threads=threads)
    if name == "ctranslate2":
        from inference.engines.whisper.ctranslate2_engine import CTranslate2Engine
        from inference.engines.whisper.windowing import BEAMS

        return CTranslate2Engine(
            settings.ctranslate2_model,
            cache=cache,
            threads=threads,
            piece_seconds=piece_seconds,
            beams=BEAMS if piece_seconds == _WHOLE else 1,
        )
    from inference.engines.fake.transcriber import FakeTranscriber

    return FakeTranscriber(delay=settings.fake_delay_seconds)


def _chat_model(name: str, settings: InferenceSettings) -> ChatModel:
    if name == "scripted":
        from inference.engines.scripted.engine import ScriptedEngine

        return ScriptedEngine(threads=settings.model_threads)
    if name == "openai":
        from inference.engines.openai.engine import OpenAIEngine

        return OpenAIEngine(
            base_url=settings.openai_base_url,
            api_key=settings.openai_api_key.get_secret_value(),
            model=settings.openai_model,
            tool_mode=settings.openai_tool_mode,
            stream_before_tools=settings.openai_stream_before_tools,
        )
    from inference.engines.fake.chat import FakeChatModel

    return FakeChatModel(delay=settings.fake_delay_seconds)


def _synthesizer(name: str, settings: InferenceSettings, cache: ModelCache) -> Synthesizer:
    if name == "espnet":
        from inference.engines.espnet.engine import EspnetEngine

        return EspnetEngine(settings.espnet_model, cache=cache, threads=settings.model_threads)
    if name == "hibari":
        from inference.engines.hibari import HibariEngine

        return HibariEngine(threads=settings.model_threads)
    from inference.engines.fake.synthesizer import FakeSynthesizer

    return FakeSynthesizer(delay=settings.fake_delay_seconds)
