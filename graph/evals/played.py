"""What came of a played conversation, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from db.json_value import Json


@dataclass(frozen=True, slots=True)
class PlayedRecord:
    """``fields``: standard and own fields by name, without intent; None for absent ones."""

    scenario: str
    intent: str
    reference: str
    fields: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class PlayedTurn:
    """``heard``: the customer's words as understood; ``said``: as written, for reports. ``intent``, ``entities``: from
    the details of the model call, if the engine gives them. ``failed_tools``: names and errors of tool calls that
    failed or that the guard refused. ``error``: code and message of a failed turn. Times in milliseconds.
    """

    heard: str
    reply: str
    reply_language: str | None
    filed: list[str] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    failed_tools: list[str] = field(default_factory=list)
    intent: str | None = None
    entities: Mapping[str, str] = field(default_factory=dict)
    first_audio_ms: float | None = None
    total_ms: float | None = None
    error: str | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class PlayedConversation:
    session_id: str
    turns: list[PlayedTurn]
    records: list[PlayedRecord]
