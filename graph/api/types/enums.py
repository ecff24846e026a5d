"""The enums of the schema, those of the database, registered with Strawberry with their descriptions."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from db.enums import (
    CallEndReason,
    CallStatus,
    CallTransport,
    Channel,
    CrmStatus,
    KnowledgeStatus,
    LiveCallStatus,
    MessageType,
    PlaybackSource,
    Priority,
    Prompt,
    Role,
    SessionOutcome,
    SessionStatus,
    Stage,
    ToolCallStatus,
    TurnStatus,
    WorkerRole,
)
from db.turns.live_values import Eagerness

__all__ = [
    "CallEndReason",
    "CallStatus",
    "CallTransport",
    "Channel",
    "CrmStatus",
    "Eagerness",
    "KnowledgeStatus",
    "LiveCallStatus",
    "MessageType",
    "PlaybackSource",
    "Priority",
    "Prompt",
    "Role",
    "SessionOutcome",
    "SessionStatus",
    "Stage",
    "ToolCallStatus",
    "TurnStatus",
    "WorkerRole",
]

_MEANING: dict[type[StrEnum], str] = {
    Stage: "A step of a turn.",
    TurnStatus: "The progress of a turn.",
    WorkerRole: "The role of a process that runs turns. VOICE: it holds live calls too.",
    ToolCallStatus: "PENDING until the tool has responded.",
    CrmStatus: "DONE: filed. PENDING, FAILED: an external CRM has not responded yet, or has refused.",
    CallEndReason: "Why a live call ended. CLOSED: by closeCall, or with its session. DROPPED: its connection did not"
    " come back.",
    CallStatus: "The outcome of a model call.",
    CallTransport: "How the audio of a live call is carried: the OpenAI Realtime protocol, or Twilio Media Streams.",
    Eagerness: "How soon the assistant answers: LOW waits longest. MANUAL: the client ends the turns itself.",
    KnowledgeStatus: "PENDING until a worker has prepared the documents; FAILED if they cannot be used.",
    LiveCallStatus: "OPENED: the caller has not connected yet. DROPPED: the connection was lost; it can be resumed for"
    " a while.",
    PlaybackSource: "How it is known what a caller heard: acknowledgements, marks of a phone line, a truncate event,"
    " the clock of a client that acknowledges nothing, or not at all.",
    Role: "The author of a message.",
    MessageType: "AUDIO if a message has audio, else TEXT.",
    Channel: "How the customer reaches the company.",
    Prompt: "Why the assistant says something that answers no turn: a live call begins, or the caller is silent.",
    Priority: "The urgency of a CRM record.",
    SessionOutcome: "What came of a session: the first that holds. IN_PROGRESS: a turn is queued or running, or a live"
    " call has not ended. HANDED_OVER: a record that hands over to a person was filed. FILED: a record was filed, or"
    " changed. FAILED: none was, and a turn failed. NOTHING_FILED: none of these.",
    SessionStatus: "Whether a session accepts messages.",
}

for _word, _meaning in _MEANING.items():
    strawberry.enum(_word, description=_meaning)
