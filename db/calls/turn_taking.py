"""Settings of turn taking of a live call as JSON, and their limits."""

from __future__ import annotations

from collections.abc import Mapping

from db.errors import BadUserInput
from db.json_value import Json
from db.turns.live_values import Eagerness, TurnTaking
from db.validation import validate_text

#: Bounds of ``max_silence_ms``.
MIN_SILENCE_MS = 200
MAX_SILENCE_MS = 10_000

_MAX_BACKCHANNELS = 50
_MAX_BACKCHANNEL = 40


def turn_taking_json(settings: TurnTaking) -> dict[str, Json]:
    """The settings as the column ``calls.turn_taking`` holds them. Raises BadUserInput for values out of range."""
    silence = settings.max_silence_ms
    if silence is not None and not MIN_SILENCE_MS <= silence <= MAX_SILENCE_MS:
        raise BadUserInput(f"maxSilenceMs must be from {MIN_SILENCE_MS} to {MAX_SILENCE_MS}.")
    words = settings.backchannels
    if words is not None:
        if len(words) > _MAX_BACKCHANNELS:
            raise BadUserInput(f"There may be at most {_MAX_BACKCHANNELS} backchannels.")
        for each in words:
            validate_text(each, "A backchannel", max_length=_MAX_BACKCHANNEL)
    return {
        "eagerness": settings.eagerness.value,
        "max_silence_ms": silence,
        "interruptible": settings.interruptible,
        "backchannels": None if words is None else list(words),
    }


def parse_turn_taking(stored: Mapping[str, Json]) -> TurnTaking:
    """Inverse of ``turn_taking_json``."""
    words = stored["backchannels"]
    return TurnTaking(
        Eagerness(stored["eagerness"]),
        stored["max_silence_ms"],
        stored["interruptible"],
        None if words is None else tuple(words),
    )
