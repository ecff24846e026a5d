"""The engine ``openai`` as a plug-in: its settings and its factory."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from inference.engines.factory import EngineContext, EngineFactory, EngineSettings
from inference.ports import ChatModel


class OpenAISettings(EngineSettings):
    """The chat-completions server, the model to ask it for, and how that model calls tools."""

    model_config = SettingsConfigDict(env_prefix="VOXLOOM_OPENAI_")

    base_url: str = "http://127.0.0.1:8080/v1"
    api_key: SecretStr = SecretStr("none")
    model: str = "default"
    tool_mode: Literal["native", "json_schema"] = "native"
    stream_before_tools: bool = False


def _make(settings: OpenAISettings, context: EngineContext) -> ChatModel:
    from inference.engines.openai.engine import OpenAIEngine

    return OpenAIEngine(
        base_url=settings.base_url,
        api_key=settings.api_key.get_secret_value(),
        model=settings.model,
        tool_mode=settings.tool_mode,
        stream_before_tools=settings.stream_before_tools,
    )


openai = EngineFactory(OpenAISettings, _make, install="pip install 'voxloom[worker]'")
