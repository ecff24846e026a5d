"""The events that subscriptions push."""

from __future__ import annotations

from datetime import datetime

import strawberry

from db.enums import EventType
from db.feed.events import StoredEvent
from db.models.conversation import Message as MessageRow
from db.models.conversation import Turn as TurnRow
from db.models.work import ModelCall as ModelCallRow
from db.models.work import ToolCall as ToolCallRow
from graph.api.event_fields import always, data, in_data, optional_data, told, told_row, told_url
from graph.api.loaders import Source
from graph.api.types.enums import Stage
from graph.api.types.message import Message
from graph.api.types.model_call import ModelCall
from graph.api.types.tool_call import ToolCall
from graph.api.types.turn import Turn


def _turn(description: str = "The turn.") -> Turn:
    return told_row(Turn, TurnRow.id, always(lambda event: event.turn_id), description)


def _message(description: str) -> Message:
    return told_row(Message, MessageRow.id, always(in_data("message_id")), description)


def _tool_call() -> ToolCall:
    return told_row(ToolCall, ToolCallRow.id, always(in_data("tool_call_id")), "The tool call.")


def _stage() -> Stage:
    return data("stage", Stage, "The stage.")


@strawberry.interface(description="One thing that happened in a session.")
class Event:
    stored: strawberry.Private[StoredEvent]
    source: strawberry.Private[Source]
    seq: int = told(lambda event: event.seq, "Its number in the session: 1, 2, 3 ... without a gap.")
    session_id: strawberry.ID = told(lambda event: strawberry.ID(str(event.session_id)), "The session.")
    turn_id: strawberry.ID | None = told(
        lambda event: None if event.turn_id is None else strawberry.ID(str(event.turn_id)),
        "The turn, if it belongs to one.",
    )
    at: datetime = told(lambda event: event.at, "When it was written.")


@strawberry.type(description="A message was accepted and waits for a worker.")
class TurnQueued(Event):
    turn: Turn = _turn()


@strawberry.type(description="A worker began an attempt at the turn.")
class TurnStarted(Event):
    attempt: int = data("attempt", int, "Which attempt, counted from 1.")
    turn: Turn = _turn()


@strawberry.type(description="A stage began.")
class StageStarted(Event):
    stage: Stage = _stage()
    engine: str = data("engine", str, "The engine, or the MCP server.")
    model: str = data("model", str, "The model, or the tool.")


@strawberry.type(description="A stage is done.")
class StageCompleted(Event):
    stage: Stage = _stage()
    model_call: ModelCall | None = told_row(
        ModelCall, ModelCallRow.id, in_data("model_call_id"), "Its last model call; null for TOOL."
    )


@strawberry.type(description="A stage could not do its work.")
class StageFailed(Event):
    stage: Stage = _stage()
    code: str = data("code", str, "One of the contract's codes.")
    message: str = data("message", str, "What went wrong, for a person.")
    will_retry: bool = data("will_retry", bool, "Whether the stage is tried again.")


@strawberry.type(description="A stage was left out, because this server has nothing for it; the turn goes on.")
class StageSkipped(Event):
    stage: Stage = _stage()
    reason: str = data("reason", str, "Why.")


@strawberry.type(description="What was understood of the recording so far; later ones replace it.")
class TranscriptPartial(Event):
    text: str = data("text", str, "All words so far.")


@strawberry.type(description="The recording is understood.")
class TranscriptReady(Event):
    message: Message = _message("The customer's message, with its text.")
    unexpected_language: str | None = optional_data(
        "unexpected_language",
        str,
        "The language that was spoken (ISO 639-1), where it is neither the session's nor, for `auto`, one that can be"
        " answered here. The transcript is in that language, the reply is not. Null otherwise.",
    )


@strawberry.type(description="The reply grows by this text.")
class ReplyDelta(Event):
    text: str = data("text", str, "What is new.")


@strawberry.type(description="The reply's text is whole; it replaces all its deltas.")
class ReplyReady(Event):
    message: Message = _message("The reply.")


@strawberry.type(description="A tool is about to run.")
class ToolCallStarted(Event):
    tool_call: ToolCall = _tool_call()


@strawberry.type(description="A tool has answered, or could not.")
class ToolCallFinished(Event):
    tool_call: ToolCall = _tool_call()


@strawberry.type(description="One sentence of the reply can be heard.")
class AudioChunkReady(Event):
    index: int = data("index", int, "Counts the reply's chunks from 0.")
    text: str = data("text", str, "The sentence.")
    url: str = told_url("audio_id", "Where it is fetched, without a key; good for an hour at least.")
    duration_ms: int = data("duration_ms", int, "How long it plays, in milliseconds.")


@strawberry.type(description="The whole reply can be heard.")
class AudioReady(Event):
    message: Message = _message("The reply, with its sound.")


@strawberry.type(description="The turn is done.")
class TurnCompleted(Event):
    turn: Turn = _turn()


@strawberry.type(description="The turn ended without success; the session goes on.")
class TurnFailed(Event):
    turn: Turn = _turn("The turn, with its error.")


@strawberry.type(description="The turn was cancelled.")
class TurnCancelled(Event):
    turn: Turn = _turn()


@strawberry.type(description="The session has ended and its last turn is done: nothing follows.")
class SessionEnded(Event):
    pass


EVENT_TYPES: dict[EventType, type[Event]] = {
    EventType(kind.__name__): kind
    for kind in (
        TurnQueued,
        TurnStarted,
        StageStarted,
        StageCompleted,
        StageFailed,
        StageSkipped,
        TranscriptPartial,
        TranscriptReady,
        ReplyDelta,
        ReplyReady,
        ToolCallStarted,
        ToolCallFinished,
        AudioChunkReady,
        AudioReady,
        TurnCompleted,
        TurnFailed,
        TurnCancelled,
        SessionEnded,
    )
}


def event_of(stored: StoredEvent, source: Source) -> Event:
    """The GraphQL object of a stored event."""
    return EVENT_TYPES[stored.type](stored=stored, source=source)
