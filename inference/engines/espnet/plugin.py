"""The engine ``espnet`` as a plug-in: its settings and its factory."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from inference.engines.factory import EngineContext, EngineFactory, EngineSettings
from inference.ports import Synthesizer


class EspnetSettings(EngineSettings):
    """``model``: "joe", or any tag or path of an ESPnet text-to-speech model."""

    model_config = SettingsConfigDict(env_prefix="VOXLOOM_ESPNET_")

    model: str = "joe"


def _make(settings: EspnetSettings, context: EngineContext) -> Synthesizer:
    from inference.engines.espnet.engine import EspnetEngine

    return EspnetEngine(settings.model, cache=context.cache, threads=context.threads, concurrency=context.concurrency)


# torch and ESPnet are in no extra: pip would solve their requirements, which cannot be met together.
espnet = EngineFactory(EspnetSettings, _make, install="make install")
