"""The enums of the schema, those of the database, registered with Strawberry with their descriptions."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from db.agents.scenarios import Priority
from db.enums import (
    CallEndReason,
    CallStatus,
    Channel,
    CrmStatus,
    MessageType,
    Prompt,
    Role,
    SessionStatus,
    Stage,
    ToolCallStatus,
    TurnStatus,
)

__all__ = [
    "CallEndReason",
    "CallStatus",
    "Channel",
    "CrmStatus",
    "MessageType",
    "Priority",
    "Prompt",
    "Role",
    "SessionStatus",
    "Stage",
    "ToolCallStatus",
    "TurnStatus",
]

_MEANING: dict[type[StrEnum], str] = {
    Stage: "A step of a turn.",
    TurnStatus: "The progress of a turn.",
    ToolCallStatus: "PENDING until the tool has responded.",
    CrmStatus: "DONE: filed. PENDING, FAILED: an external CRM has not responded yet, or has refused.",
    CallEndReason: "Why a live call ended. CLOSED: by closeCall, or with its session. DROPPED: its connection did not"
    " come back.",
    CallStatus: "The outcome of a model call.",
    Role: "The author of a message.",
    MessageType: "AUDIO if a message has audio, else TEXT.",
    Channel: "How the customer reaches the company.",
    Prompt: "Why the assistant says something that answers no turn: a live call begins, or the caller is silent.",
    Priority: "The urgency of a CRM record.",
    SessionStatus: "Whether a session accepts messages.",
}

for _word, _meaning in _MEANING.items():
    strawberry.enum(_word, description=_meaning)
