"""Value objects of a live call's record: the right to write it, its state, and what is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from db.audio.persist import NewAudio
from db.enums import EventType
from db.json_value import Json
from db.turns.live_values import LiveTiming, Playback, TurnTaking
from db.turns.values import FinishedCall


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one connection to write a call; ``connection`` is its fencing token."""

    tenant_id: UUID
    session_id: UUID
    call_id: UUID
    connection: int


@dataclass(frozen=True, slots=True)
class ConnectedCall:
    """A call as a process takes it up. ``heard``: 16 kHz mono 16-bit PCM of a turn that has not ended.

    ``sounds``: number of the last segment of audio. ``record``: whether the whole call is recorded; ``recorded_ms``:
    how far it is. ``now``: the database's time.
    """

    lease: Lease
    language: str
    persona: str
    turn_taking: TurnTaking
    record: bool
    recorded_ms: int
    turns: int
    elapsed_ms: int
    heard: bytes
    sounds: int
    now: datetime


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A caller's turn, to be written with its events. ``audio``, ``call``: None for typed text and digits.

    ``call_id``: id of the model call's row. ``worker_id``: the queue's worker that owns the turn's job. ``sounds``:
    number of the last segment of unfinished audio that belongs to it.
    """

    turn_id: UUID
    message_id: UUID
    text: str
    language: str | None
    unexpected_language: str | None
    live: LiveTiming
    worker_id: int
    sounds: int
    call_id: UUID
    digits: bool = False
    audio: NewAudio | None = None
    call: FinishedCall | None = None


@dataclass(frozen=True, slots=True)
class PlaybackReport:
    """What was heard of a turn's reply, and the turn's live timing. Replaces an earlier report."""

    turn_id: UUID
    playback: Playback
    live: LiveTiming

    def row(self) -> dict[str, object]:
        return {"turn_id": self.turn_id, "playback": asdict(self.playback), "live": asdict(self.live)}


@dataclass(frozen=True, slots=True)
class CallEvent:
    """An event of the call, or of one of its turns. ``data``: plain JSON."""

    type: EventType
    turn_id: UUID | None = None
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of unfinished audio: 16 kHz mono 16-bit PCM, from ``at_ms`` of the call's audio."""

    number: int
    at_ms: int
    data: bytes


@dataclass(frozen=True, slots=True)
class CallWrite:
    """Writes of a call that need not be waited for. ``clears``: drops all segments up to this number."""

    events: tuple[CallEvent, ...] = ()
    segment: Segment | None = None
    clears: int | None = None
    report: PlaybackReport | None = None
    elapsed_ms: int = 0

    @property
    def size_bytes(self) -> int:
        """Approximate memory: the audio."""
        return 0 if self.segment is None else len(self.segment.data)
