"""The engine ``pico`` as a plug-in: its settings and its factory."""

from __future__ import annotations

from typing import Literal

from pydantic_settings import SettingsConfigDict

from inference.engines.factory import EngineContext, EngineFactory, EngineSettings
from inference.ports import Synthesizer
from inference.settings import Listed


class PicoSettings(EngineSettings):
    """``languages``: the languages to speak."""

    model_config = SettingsConfigDict(env_prefix="VOXLOOM_PICO_")

    languages: Listed[Literal["de", "en", "es", "fr", "it"]] = ("de", "es", "fr")


def _make(settings: PicoSettings, context: EngineContext) -> Synthesizer:
    from inference.engines.pico.engine import PicoEngine

    return PicoEngine(languages=settings.languages)


pico = EngineFactory(PicoSettings, _make, install="pip install 'voxloom[worker]'")
