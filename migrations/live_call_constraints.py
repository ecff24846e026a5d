"""Constraints of existing tables for live calls, which revision 0006 adds and 0007 validates."""

from __future__ import annotations

EVENTS = (
    "TurnQueued",
    "TurnStarted",
    "StageStarted",
    "StageCompleted",
    "StageFailed",
    "StageSkipped",
    "TranscriptPartial",
    "TranscriptReady",
    "ReplyDelta",
    "ReplyReady",
    "ToolCallStarted",
    "ToolCallFinished",
    "AudioChunkReady",
    "AudioReady",
    "TurnCompleted",
    "TurnFailed",
    "TurnCancelled",
    "SessionEnded",
)
CALL_EVENTS = (
    "CallStarted",
    "CallDropped",
    "CallResumed",
    "CallEnded",
    "CallPrompted",
    "SpeechStarted",
    "SpeechEnded",
    "TurnReopened",
    "PlaybackStarted",
    "ReplyInterrupted",
    "PlaybackFinished",
)
AUDIO = ("RECORDING", "CHUNK", "REPLY")


def among(column: str, values: tuple[str, ...]) -> str:
    """The check that a column has one of the values."""
    return f"check ({column} in ({', '.join(repr(value) for value in values)}))"


#: Definitions by table and name, in the order in which they are added.
NEW = {
    ("turns", "fk_turns_session_id_call_id"): "foreign key (session_id, call_id) references calls (session_id, id)",
    ("events", "ck_events_type"): among("type", (*EVENTS, *CALL_EVENTS)),
    ("audio", "ck_audio_kind"): among("kind", (*AUDIO, "CALL")),
    ("audio", "ck_audio_turn_id"): "check ((turn_id is null) = (kind = 'CALL'))",
    ("audio", "ck_audio_call_id"): "check ((call_id is null) <> (kind = 'CALL'))",
    ("audio", "fk_audio_session_id_call_id"): "foreign key (session_id, call_id) references calls (session_id, id)",
}

#: Definitions of those that were there before.
OLD = {
    ("events", "ck_events_type"): among("type", EVENTS),
    ("audio", "ck_audio_kind"): among("kind", AUDIO),
}
