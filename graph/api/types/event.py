"""GraphQL types of events."""

from __future__ import annotations

from datetime import datetime

import strawberry

from db.enums import EventType
from db.feed.events import StoredEvent
from db.models.calls import Call as CallRow
from db.models.conversation import Message as MessageRow
from db.models.conversation import Turn as TurnRow
from db.models.events import Event as EventRow
from db.models.work import CrmRecord as CrmRecordRow
from db.models.work import CrmRecordChange as CrmRecordChangeRow
from db.models.work import ModelCall as ModelCallRow
from db.models.work import ToolCall as ToolCallRow
from graph.api.event_fields import always, data, in_data, optional_data, stored_row, stored_url, stored_value
from graph.api.loaders import Source
from graph.api.types.call import Call
from graph.api.types.crm import CrmRecord, CrmRecordChange
from graph.api.types.enums import CallEndReason, Prompt, Stage
from graph.api.types.message import Message
from graph.api.types.model_call import ModelCall
from graph.api.types.tool_call import ToolCall
from graph.api.types.turn import Turn
from graph.guards.object_budget import spend


def _turn(description: str = "The turn.") -> Turn:
    return stored_row(Turn, TurnRow.id, always(lambda event: event.turn_id), description)


def _message(description: str) -> Message:
    return stored_row(Message, MessageRow.id, always(in_data("message_id")), description)


def _tool_call() -> ToolCall:
    return stored_row(ToolCall, ToolCallRow.id, always(in_data("tool_call_id")), "The tool call.")


def _stage() -> Stage:
    return data("stage", Stage, "The stage.")


def _call() -> Call:
    return stored_row(Call, CallRow.id, always(in_data("call_id")), "The live call.")


@strawberry.interface(description="An event in a session.")
class Event:
    stored: strawberry.Private[StoredEvent]
    source: strawberry.Private[Source]
    seq: int = stored_value(lambda event: event.seq, "Its number in the session: 1, 2, 3 ... without gaps.")
    session_id: strawberry.ID = stored_value(lambda event: strawberry.ID(str(event.session_id)), "The session.")
    turn_id: strawberry.ID | None = stored_value(
        lambda event: None if event.turn_id is None else strawberry.ID(str(event.turn_id)),
        "The turn, if the event belongs to one.",
    )
    at: datetime = stored_value(lambda event: event.at, "When it was stored.")


@strawberry.type(description="A message was accepted and waits for a worker.")
class TurnQueued(Event):
    turn: Turn = _turn()


@strawberry.type(description="A worker started an attempt at the turn.")
class TurnStarted(Event):
    attempt: int = data("attempt", int, "The attempt's number, from 1.")
    turn: Turn = _turn()


@strawberry.type(description="A stage started.")
class StageStarted(Event):
    stage: Stage = _stage()
    engine: str = data("engine", str, "The engine, or the MCP server.")
    model: str = data("model", str, "The model, or the tool.")


@strawberry.type(description="A stage succeeded.")
class StageCompleted(Event):
    stage: Stage = _stage()
    model_call: ModelCall | None = stored_row(
        ModelCall, ModelCallRow.id, in_data("model_call_id"), "The stage's last model call; null for TOOL."
    )


@strawberry.type(description="A stage failed.")
class StageFailed(Event):
    stage: Stage = _stage()
    code: str = data("code", str, "An error code of the API.")
    message: str = data("message", str, "The error in words.")
    will_retry: bool = data("will_retry", bool, "Whether the stage will be retried.")


@strawberry.type(description="A stage was skipped, because this server has no engine for it; the turn continues.")
class StageSkipped(Event):
    stage: Stage = _stage()
    reason: str = data("reason", str, "Why it was skipped.")


@strawberry.type(description="A partial transcript of the recording; each replaces the one before.")
class TranscriptPartial(Event):
    text: str = data("text", str, "The whole transcript so far.")


@strawberry.type(description="The recording is transcribed.")
class TranscriptReady(Event):
    message: Message = _message("The customer's message, with its text.")
    unexpected_language: str | None = optional_data(
        "unexpected_language",
        str,
        "The spoken language (ISO 639-1) if it is not the session's or, with `auto`, not one that this server replies"
        " in: the transcript is in that language, the reply is not. Null otherwise.",
    )


@strawberry.type(description="New text of the reply, to append.")
class ReplyDelta(Event):
    text: str = data("text", str, "The text to append.")


@strawberry.type(description="The reply's text is complete; it replaces all ReplyDelta texts.")
class ReplyReady(Event):
    message: Message = _message("The reply.")


@strawberry.type(description="A tool call starts.")
class ToolCallStarted(Event):
    tool_call: ToolCall = _tool_call()


@strawberry.type(description="A tool call succeeded or failed.")
class ToolCallFinished(Event):
    tool_call: ToolCall = _tool_call()


@strawberry.type(description="The audio of one sentence of the reply is ready.")
class AudioChunkReady(Event):
    index: int = data("index", int, "The chunk's number within the reply, from 0.")
    text: str = data("text", str, "The sentence.")
    url: str = stored_url(
        "audio_id", "A signed URL of the audio, for GET without an API key, valid for at least an hour."
    )
    duration_ms: int = data("duration_ms", int, "Its duration in milliseconds.")


@strawberry.type(description="The audio of the whole reply is ready.")
class AudioReady(Event):
    message: Message = _message("The reply, with its audio.")


@strawberry.type(description="The turn succeeded.")
class TurnCompleted(Event):
    turn: Turn = _turn()


@strawberry.type(description="The turn failed; the session continues.")
class TurnFailed(Event):
    turn: Turn = _turn("The turn, with its error.")


@strawberry.type(description="The turn was cancelled.")
class TurnCancelled(Event):
    turn: Turn = _turn()


@strawberry.type(description="The session and its last turn have ended: the last event.")
class SessionEnded(Event):
    pass


@strawberry.type(description="The caller's connection to a live call was made for the first time.")
class CallStarted(Event):
    call: Call = _call()


@strawberry.type(description="The connection of a live call was lost; the call can be resumed for a while.")
class CallDropped(Event):
    call: Call = _call()


@strawberry.type(description="A live call has a connection again.")
class CallResumed(Event):
    call: Call = _call()


@strawberry.type(description="A live call has ended.")
class CallEnded(Event):
    call: Call = _call()
    reason: CallEndReason = data("reason", CallEndReason, "Why it ended.")


@strawberry.type(description="The assistant said something that answers no turn; it is no message.")
class CallPrompted(Event):
    call: Call = _call()
    prompt: Prompt = data("prompt", Prompt, "Why it was said.")
    text: str = data("text", str, "What was said.")


@strawberry.type(description="The caller began to speak.")
class SpeechStarted(Event):
    call: Call = _call()
    at_ms: int = data("at_ms", int, "Position in the call's audio, in milliseconds.")


@strawberry.type(description="The caller's turn has ended.")
class SpeechEnded(Event):
    call: Call = _call()
    at_ms: int = data("at_ms", int, "End of the last word in the call's audio, in milliseconds.")


@strawberry.type(
    description="The caller went on speaking after the end of the turn: the turn is done again with all of the words."
)
class TurnReopened(Event):
    turn: Turn = _turn()


@strawberry.type(description="The first sound of the reply was played to the caller.")
class PlaybackStarted(Event):
    turn: Turn = _turn()


@strawberry.type(description="The caller interrupted the reply.")
class ReplyInterrupted(Event):
    turn: Turn = _turn()
    heard_ms: int = data("heard_ms", int, "How much of the reply the caller heard, in milliseconds.")


@strawberry.type(description="The reply was played to its end.")
class PlaybackFinished(Event):
    turn: Turn = _turn()
    heard_ms: int = data("heard_ms", int, "How much of the reply the caller heard, in milliseconds.")


@strawberry.type(description="A CRM record that was filed earlier was changed; its ToolCallFinished follows.")
class CrmRecordUpdated(Event):
    crm_record: CrmRecord = stored_row(
        CrmRecord,
        CrmRecordRow.id,
        always(in_data("crm_record_id")),
        "The record, with its newest values; it may be of an earlier session of the customer.",
        same_session=False,
    )
    change: CrmRecordChange = stored_row(
        CrmRecordChange, CrmRecordChangeRow.id, always(in_data("change_id")), "What was changed."
    )


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
        CallStarted,
        CallDropped,
        CallResumed,
        CallEnded,
        CallPrompted,
        SpeechStarted,
        SpeechEnded,
        TurnReopened,
        PlaybackStarted,
        ReplyInterrupted,
        PlaybackFinished,
        CrmRecordUpdated,
    )
}


def event_of(stored: StoredEvent, source: Source) -> Event:
    """The GraphQL object of a stored event."""
    return EVENT_TYPES[stored.type](stored=stored, source=source)


def event_in_page(row: EventRow, source: Source) -> Event:
    """The GraphQL object of an event's row, counted against the request's object budget."""
    spend(1)
    return event_of(StoredEvent(row.session_id, row.seq, row.turn_id, row.type, row.data, row.at), source)
