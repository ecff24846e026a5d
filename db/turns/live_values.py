"""Value objects of live turns: how turns are taken, what was heard of a reply, when things happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from db.enums import PlaybackSource


class Eagerness(StrEnum):
    """How soon the assistant answers: ``LOW`` waits longest. ``MANUAL``: the client commits the audio itself."""

    LOW = "LOW"
    AUTO = "AUTO"
    HIGH = "HIGH"
    MANUAL = "MANUAL"


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """Settings of turn taking of a call.

    ``max_silence_ms``: the silence that ends any turn; None for the default. ``interruptible``: whether the caller may
    speak over a reply. ``backchannels``: words that do not interrupt; None for those of the language.
    """

    eagerness: Eagerness = Eagerness.AUTO
    max_silence_ms: int | None = None
    interruptible: bool = True
    backchannels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Playback:
    """What a caller heard of a reply. Without an acknowledgement nothing was heard."""

    heard_text: str
    heard_ms: int
    total_ms: int
    interrupted: bool
    source: PlaybackSource


@dataclass(frozen=True, slots=True)
class LiveTiming:
    """Times of a live turn, in milliseconds.

    ``speech_started_ms`` and ``speech_ended_ms``: position in the call's audio; the others count from the end of
    speech. ``turn_score``: the turn model's last score, 0..1. ``speculative``: whether the reply begun in the pause was
    used.
    """

    speech_started_ms: int
    speech_ended_ms: int
    end_decided_ms: float | None = None
    first_audio_sent_ms: float | None = None
    first_heard_ms: float | None = None
    turn_score: float | None = None
    speculative: bool = False
