"""The engine ``kokoro`` as a plug-in: its settings and its factory."""

from __future__ import annotations

from typing import Literal

from pydantic_settings import SettingsConfigDict

from inference.engines.factory import EngineContext, EngineFactory, EngineSettings
from inference.ports import Synthesizer
from inference.settings import Listed


class KokoroSettings(EngineSettings):
    """``languages``: the languages to speak; each is made ready when the worker starts."""

    model_config = SettingsConfigDict(env_prefix="VOXLOOM_KOKORO_")

    languages: Listed[Literal["es", "fr", "hi"]] = ("es", "fr", "hi")


def _make(settings: KokoroSettings, context: EngineContext) -> Synthesizer:
    from inference.engines.kokoro.engine import KokoroEngine

    return KokoroEngine(
        cache=context.cache,
        threads=context.threads,
        languages=settings.languages,
        concurrency=context.concurrency,
    )


kokoro = EngineFactory(KokoroSettings, _make, install="pip install 'voxloom[worker]'")
