"""The inputs of an attempt at a turn, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from db.agents.definition import AgentDefinition, EnginePreferences
from inference.ports import HistoryItem, ToolRequest


@dataclass(frozen=True, slots=True)
class TurnInputs:
    """Everything that the pipeline reads of the database, in one snapshot.

    ``earlier_language``: the language of the session's previous messages, ISO 639-1. ``known``: facts of the customer
    from the session's metadata. ``history``: messages and tool calls of earlier turns, oldest first. ``text``: None
    until ASR's checkpoint. ``recording``: the encoded audio, if there is no text yet. ``reply``: None until the LLM's
    checkpoint. ``spoken``: whether the TTS checkpoint was reached. ``used``: finished tool calls of this turn.
    ``pending``: tool calls that an earlier attempt started and did not see the end of. ``external_tools``: whether
    tools of external MCP servers may run: not in a forked session, unless it was asked for. ``engines``: those that the
    session names, by stage; None for those of its agent.
    """

    tenant_id: UUID
    session_language: str
    earlier_language: str | None
    agent: AgentDefinition
    known: dict[str, str]
    history: tuple[HistoryItem, ...]
    text: str | None
    recording: bytes | None
    reply: str | None
    spoken: bool
    used: tuple[HistoryItem, ...]
    pending: tuple[ToolRequest, ...]
    external_tools: bool = True
    engines: EnginePreferences = field(default_factory=EnginePreferences)
