"""The engines of a worker, as the settings name them. Imports an engine only when it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import inference.engines.no_telemetry  # noqa: F401 - before any engine
from db.errors import EngineUnavailable
from db.load_settings import BadSettings, load_settings
from inference.engines.discovery import Kind, find_engine
from inference.engines.factory import EngineContext, EngineFactory
from inference.lender import Engines, Lender, OfferedEngines, load_failure
from inference.ports import Engine, EngineInfo, StreamingTranscriber
from inference.settings import NO_DRAFT, InferenceSettings
from inference.weights.cache import ModelCache, Progress, no_progress

#: The method that makes an engine one of its kind.
_METHODS: dict[Kind, str] = {"asr": "transcribe", "streaming_asr": "listen", "llm": "reply", "tts": "synthesize"}


def choose_engines(
    settings: InferenceSettings, progress: Progress = no_progress, *, lane_threads: int | None = None
) -> Engines:
    """The engines of this worker, not loaded yet.

    ``lane_threads``: the threads of the lane on which they run, in a process that holds calls: then an inference gets
    one thread, and so many run side by side. None: an inference gets ``VOXLOOM_MODEL_THREADS``.

    One that is installed and cannot be imported or made is there all the same: its ``load`` raises EngineUnavailable.
    Raises BadSettings for a name that no installed package has, and for an engine's setting that is invalid.
    """
    cache = ModelCache(settings.model_cache_dir, progress)
    draft = settings.asr_draft_engine
    alone = draft in {NO_DRAFT, settings.asr_engine[0]}
    # Two engines that hear the same recording side by side share the threads: more of them than cores costs both.
    asr_threads = settings.model_threads if alone else max(1, settings.model_threads // 2)
    hearing, others = EngineContext(asr_threads, cache), EngineContext(settings.model_threads, cache)
    if lane_threads is not None:
        hearing = others = EngineContext(1, cache, parallel=lane_threads, on_lane=True)
    drafting = replace(hearing, draft=True)

    def lender(kind: Kind, name: str, context: EngineContext, setting: str) -> Lender[Any]:
        return _lender(settings, kind, name, context, setting)

    def offered(
        kind: Kind, names: Sequence[str] | None, chosen: Sequence[str], context: EngineContext
    ) -> tuple[Any, ...]:
        setting = f"VOXLOOM_{kind.upper()}_OFFERED"
        return tuple(lender(kind, each, context, setting) for each in names or () if each not in chosen)

    return Engines(
        asr=tuple(lender("asr", each, hearing, "VOXLOOM_ASR_ENGINE") for each in settings.asr_engine),
        draft=None if alone else lender("asr", draft, drafting, "VOXLOOM_ASR_DRAFT_ENGINE"),
        llm=tuple(lender("llm", each, others, "VOXLOOM_LLM_ENGINE") for each in settings.llm_engine),
        tts=tuple(lender("tts", each, others, "VOXLOOM_TTS_ENGINE") for each in settings.tts_engine),
        offered=OfferedEngines(
            asr=offered("asr", settings.asr_offered, settings.asr_engine, hearing),
            llm=offered("llm", settings.llm_offered, settings.llm_engine, others),
            tts=offered("tts", settings.tts_offered, settings.tts_engine, others),
        ),
    )


def choose_streaming_transcriber(
    settings: InferenceSettings, progress: Progress = no_progress, *, lane_threads: int
) -> Lender[StreamingTranscriber]:
    """The engine that recognises calls (``VOXLOOM_LIVE_ASR_ENGINE``), not loaded yet. Otherwise as ``choose_engines``.

    With the model of another engine of the process it shares the weights, if both are VoxLoom's own.
    """
    context = EngineContext(1, ModelCache(settings.model_cache_dir, progress), parallel=lane_threads, on_lane=True)
    return _lender(settings, "streaming_asr", settings.live_asr_engine, context, "VOXLOOM_LIVE_ASR_ENGINE")


def _lender(settings: InferenceSettings, kind: Kind, name: str, context: EngineContext, setting: str) -> Lender[Any]:
    engine, install = make_engine(kind, name, context, setting=setting)
    return Lender(
        engine, wait_seconds=settings.engine_wait_seconds, load_seconds=settings.engine_load_seconds, install=install
    )


def make_engine(kind: Kind, name: str, context: EngineContext, *, setting: str) -> tuple[Engine, str]:
    """An engine by the name of its entry point, not loaded, and the command that installs what it imports.

    An ``UnavailableEngine`` if it could not be imported or made. Raises BadSettings as ``choose_engines`` does.
    """
    entry = find_engine(kind, name, setting=setting)
    install = "" if entry.dist is None else f"pip install {entry.dist.name}"
    try:
        factory = entry.load()
        if not isinstance(factory, EngineFactory):
            raise EngineUnavailable(f"The engine {name} is broken: {entry.value} is not an EngineFactory.")
        install = factory.install
        engine = factory.make(load_settings(factory.settings), context)
        _check(kind, name, engine)
    except BadSettings:
        raise
    except (Exception, SystemExit) as error:
        return cast(Engine, UnavailableEngine(name, load_failure(name, error, install))), install
    return engine, install


def _check(kind: Kind, name: str, engine: object) -> None:
    """Raises EngineUnavailable if what a factory made is not an engine: the worker asks these of it all the time."""
    info, concurrency = getattr(engine, "info", None), getattr(engine, "concurrency", None)
    if not isinstance(info, EngineInfo):
        raise EngineUnavailable(f"The engine {name} is broken: its info is not an EngineInfo.")
    if not isinstance(concurrency, int) or concurrency < 1:
        raise EngineUnavailable(f"The engine {name} is broken: its concurrency is not a number from 1 up.")
    missing = [each for each in ("load", "close", _METHODS[kind]) if not callable(getattr(engine, each, None))]
    if missing:
        raise EngineUnavailable(f"The engine {name} is broken: it has no method {missing[0]}.")


class UnavailableEngine:
    """Stands for an engine that could not be imported or made, so that a worker's list shows it with the reason."""

    concurrency = 1

    def __init__(self, name: str, reason: EngineUnavailable) -> None:
        self.info = EngineInfo(name, "unknown")
        self.reason = reason.message

    async def load(self) -> None:
        """Raises EngineUnavailable."""
        raise EngineUnavailable(self.reason)

    async def close(self) -> None:
        """There is nothing to give back."""
