"""The ``fake`` engines as plug-ins: deterministic ones for tests. They say on every model call row what they are."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from inference.engines.factory import EngineContext, EngineFactory, EngineSettings
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.streaming import FakeStreamingTranscriber, script
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber

_INSTALL = "pip install voxloom"


class FakeSettings(EngineSettings):
    """``delay_seconds``: the wait before each piece of output. ``heard``, ``real_time_factor``: of live calls."""

    model_config = SettingsConfigDict(env_prefix="VOXLOOM_FAKE_")

    delay_seconds: float = Field(0, ge=0)
    heard: str = "hello there"
    real_time_factor: float = Field(0, ge=0)


def _make_transcriber(settings: FakeSettings, context: EngineContext) -> FakeTranscriber:
    return FakeTranscriber(delay=settings.delay_seconds)


def _make_streaming_transcriber(settings: FakeSettings, context: EngineContext) -> FakeStreamingTranscriber:
    return FakeStreamingTranscriber(
        script(settings.heard), real_time_factor=settings.real_time_factor, parallel=context.parallel
    )


def _make_chat(settings: FakeSettings, context: EngineContext) -> FakeChatModel:
    return FakeChatModel(delay=settings.delay_seconds)


def _make_synthesizer(settings: FakeSettings, context: EngineContext) -> FakeSynthesizer:
    return FakeSynthesizer(delay=settings.delay_seconds)


transcriber = EngineFactory(FakeSettings, _make_transcriber, install=_INSTALL)
streaming_transcriber = EngineFactory(FakeSettings, _make_streaming_transcriber, install=_INSTALL)
chat = EngineFactory(FakeSettings, _make_chat, install=_INSTALL)
synthesizer = EngineFactory(FakeSettings, _make_synthesizer, install=_INSTALL)
