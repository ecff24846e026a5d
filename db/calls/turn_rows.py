"""Rows and events of a live turn's beginning, as plain JSON."""

from __future__ import annotations

from dataclasses import dataclass

from db.audio.persist import audio_row
from db.calls.values import Lease, SpokenTurn
from db.enums import EventType, MessageType, Role, Stage
from db.turns.statement import call_row
from db.turns.values import Claim
from db.validation import sanitize_text


@dataclass(frozen=True, slots=True)
class TurnRows:
    """Rows by table."""

    messages: list[dict[str, object]]
    audio: list[dict[str, object]]
    model_calls: list[dict[str, object]]


def rows_of(lease: Lease, turn: SpokenTurn, *, attempt: int) -> TurnRows:
    message = {
        "id": turn.message_id,
        "session_id": lease.session_id,
        "turn_id": turn.turn_id,
        "role": Role.USER,
        "type": MessageType.TEXT if turn.audio is None else MessageType.AUDIO,
        "text": sanitize_text(turn.text),
        "language": turn.language,
        "audio_id": None if turn.audio is None else turn.audio.id,
        "digits": turn.digits,
    }
    calls = []
    if turn.call is not None:
        now = turn.call.started_at  # the claim's times are not part of the row
        claim = Claim(lease.tenant_id, lease.session_id, turn.turn_id, attempt, now, now)
        calls = [call_row(claim, turn.call_id, turn.call)]
    audio = [] if turn.audio is None else [audio_row(turn.audio, lease.session_id, turn.turn_id)]
    return TurnRows([message], audio, calls)


def turn_events(
    turn: SpokenTurn, *, attempt: int, reopened: bool = False, queued: bool = True
) -> list[dict[str, object]]:
    """The events of the turn's beginning, in order. ``of_attempt``: left out if the turn is queued for a worker.

    ``queued``: whether the turn is new, or had ended: followers of the turn go by its newest TurnQueued.
    """
    message_id = str(turn.message_id)
    events: list[tuple[EventType, dict[str, object], bool]] = []
    if queued:
        events.append((EventType.TURN_QUEUED, {}, False))
    if reopened:
        events.append((EventType.TURN_REOPENED, {"attempt": attempt, "message_id": message_id}, False))
    events.append((EventType.TURN_STARTED, {"attempt": attempt}, True))
    if turn.call is not None:
        stage: dict[str, object] = {"stage": Stage.ASR.value, "engine": turn.call.engine, "model": turn.call.model}
        completed: dict[str, object] = {"stage": Stage.ASR.value, "model_call_id": str(turn.call_id)}
        ready: dict[str, object] = {"message_id": message_id, "unexpected_language": turn.unexpected_language}
        events += [
            (EventType.STAGE_STARTED, stage, False),
            (EventType.TRANSCRIPT_READY, ready, False),
            (EventType.STAGE_COMPLETED, completed, False),
        ]
    return [
        {"place": place, "type": kind.value, "data": data, "of_attempt": of_attempt}
        for place, (kind, data, of_attempt) in enumerate(events)
    ]
