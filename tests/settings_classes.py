"""The settings classes of all roles and of VoxLoom's own engines."""

from __future__ import annotations

from pydantic_settings import BaseSettings

from inference.engines.discovery import Kind, installed_engines

KINDS: tuple[Kind, ...] = ("asr", "streaming_asr", "llm", "tts")


def engine_settings() -> list[type[BaseSettings]]:
    """Those of VoxLoom's own engines, each once, by name."""
    entries = [entry for kind in KINDS for found in installed_engines(kind).values() for entry in found]
    models = {entry.load().settings for entry in entries if entry.value.startswith("inference.")}
    return sorted(models, key=lambda model: model.__name__)
