"""The engine ``scripted`` as a plug-in: its factory. It has no settings."""

from __future__ import annotations

from inference.engines.factory import EngineContext, EngineFactory, EngineSettings
from inference.ports import ChatModel


def _make(settings: EngineSettings, context: EngineContext) -> ChatModel:
    from inference.engines.scripted.engine import ScriptedEngine

    return ScriptedEngine(threads=context.threads, directory=context.cache.root / "prototypes")


scripted = EngineFactory(EngineSettings, _make, install="pip install 'voxloom[worker]'")
