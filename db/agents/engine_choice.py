"""Engines that a session asks for: checked against those of the live workers, stored with the session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from db.enums import Stage
from db.errors import BadUserInput
from db.models.workers import Worker

#: Engines by stage ("asr", "llm", "tts"), in order of preference: ``db.agents.definition.EnginePreferences`` as JSON.
EngineChoice = Mapping[str, Sequence[str]]

_STAGES = {"asr": Stage.ASR, "llm": Stage.LLM, "tts": Stage.TTS}
_MAX_ENGINES = 10
_MAX_NAME = 100


def validate_engines(given: EngineChoice, workers: Sequence[Worker]) -> dict[str, list[str]] | None:
    """The engines as they are stored; None if no stage names any. Raises BadUserInput.

    Each must be one that a live worker has. Without live workers names are not checked.
    """
    chosen: dict[str, list[str]] = {}
    for stage, names in given.items():
        if not names:
            raise BadUserInput(f"engines.{stage} is an empty list: leave it out for the agent's engines.")
        if len(names) > _MAX_ENGINES or len(set(names)) < len(names) or any(len(each) > _MAX_NAME for each in names):
            raise BadUserInput(
                f"engines.{stage} has at most {_MAX_ENGINES} different names of {_MAX_NAME} characters each."
            )
        known = sorted({e["engine"] for worker in workers for e in worker.engines if e["stage"] == _STAGES[stage]})
        if workers and not set(names) <= set(known):
            raise BadUserInput(f"Unknown engine in engines.{stage}: use one of {', '.join(known) or 'none'}.")
        if not all(each.isascii() and each.isprintable() and each.strip() for each in names):
            raise BadUserInput(f"engines.{stage} has a name that no engine has.")
        chosen[stage] = list(names)
    return chosen or None
