"""What a turn starts from."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from db.agents.personas import Persona
from inference.ports import HistoryItem, ToolRequest


@dataclass(frozen=True, slots=True)
class TurnWork:
    """What a turn starts from, read once.

    ``earlier_language``: what was spoken before in this session. ``history``: what was said and done before this
    turn, and behind it this turn's finished tool calls in ``used``.
    ``text`` is null when the recording is not understood yet; ``reply`` is null until the reply's checkpoint.
    ``pending``: tool calls that were begun by an attempt that did not see their end.
    """

    tenant_id: UUID
    session_language: str
    earlier_language: str | None
    persona: Persona
    known: dict[str, str]
    history: tuple[HistoryItem, ...]
    text: str | None
    recording: bytes | None
    reply: str | None
    spoken: bool
    used: tuple[HistoryItem, ...]
    pending: tuple[ToolRequest, ...]
