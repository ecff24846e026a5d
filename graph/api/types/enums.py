"""The enums of the schema: the same words as in the tables, told to Strawberry with what they mean."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from db.agents.scenarios import Priority
from db.enums import CallStatus, Channel, CrmStatus, MessageType, Role, SessionStatus, Stage, ToolCallStatus, TurnStatus

__all__ = [
    "CallStatus",
    "Channel",
    "CrmStatus",
    "MessageType",
    "Priority",
    "Role",
    "SessionStatus",
    "Stage",
    "ToolCallStatus",
    "TurnStatus",
]

_MEANING: dict[type[StrEnum], str] = {
    Stage: "A step of a turn.",
    TurnStatus: "How far a turn is.",
    ToolCallStatus: "PENDING until the tool has answered.",
    CrmStatus: "DONE: filed. PENDING, FAILED: for a CRM elsewhere that has not answered yet, or refused.",
    CallStatus: "How a model call ended.",
    Role: "Which side said it.",
    MessageType: "Whether there is sound.",
    Channel: "How the customer reaches the company.",
    Priority: "How soon somebody must look at it.",
    SessionStatus: "Whether a session takes messages.",
}

for _word, _meaning in _MEANING.items():
    strawberry.enum(_word, description=_meaning)
