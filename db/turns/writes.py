"""Value objects for the writes of a turn's attempt; ``db.turns.statement`` turns them into SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from db.audio.persist import NewAudio
from db.enums import EventType, Role
from db.turns.tool_calls import NewToolCall
from db.turns.values import Failure, FinishedCall


@dataclass(frozen=True, slots=True)
class TurnEvent:
    """An event of the turn. ``data``: plain JSON.

    ``message``: adds the id of the turn's message of this role to the data. ``if_tool_ended``: written only if the same
    commit ends the tool call.
    """

    type: EventType
    data: Mapping[str, object] = field(default_factory=dict)
    message: Role | None = None
    if_tool_ended: bool = False


@dataclass(frozen=True, slots=True)
class NewReply:
    """The assistant's message. ``citations``: passages of knowledge that it was written from."""

    id: UUID
    text: str
    language: str
    citations: Sequence[Mapping[str, object]] = ()


@dataclass(frozen=True, slots=True)
class ToolCallEnd:
    """The end of a PENDING tool call: FAILED if there is an error, else ACCEPTED."""

    id: UUID
    result: Mapping[str, object] | None
    error: str | None


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """The end of the turn: FAILED if there is a failure, else COMPLETED."""

    timing: Mapping[str, object]
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class TurnWrite:
    """Writes of one step of an attempt. ``calls``: model calls by id. ``transcript``: text and language.

    ``user_language``: of the user's message, if it has none yet. ``reply_audio``: id of the audio of the reply, which
    an earlier commit wrote.
    """

    events: tuple[TurnEvent, ...] = ()
    calls: Mapping[UUID, FinishedCall] = field(default_factory=dict)
    transcript: tuple[str, str | None] | None = None
    user_language: str | None = None
    reply: NewReply | None = None
    audio: NewAudio | None = None
    reply_audio: UUID | None = None
    tool_call: NewToolCall | None = None
    tool_end: ToolCallEnd | None = None
    end: TurnEnd | None = None

    @property
    def size_bytes(self) -> int:
        """Approximate memory: the audio."""
        return 0 if self.audio is None or self.audio.blob is None else len(self.audio.blob)
