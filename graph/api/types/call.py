"""GraphQL types of live calls, and of what is known of their turns and replies."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models.audio import Audio as AudioRow
from db.models.calls import Call as CallRow
from db.models.conversation import Message as MessageRow
from db.models.conversation import Session as SessionRow
from db.models.conversation import Turn as TurnRow
from graph.api.fields import column, part, prefixed_id
from graph.api.json_members import member, optional_member
from graph.api.loaders import Source
from graph.api.relations import many, one
from graph.api.types.audio import Audio
from graph.api.types.circles import session_of, turn_of
from graph.api.types.enums import CallEndReason, CallTransport, Eagerness, LiveCallStatus, PlaybackSource
from graph.api.types.node import Node

if TYPE_CHECKING:
    from graph.api.types.session import Session
    from graph.api.types.turn import Turn


@strawberry.type(description="How turns are taken in a live call.")
class TurnTaking:
    row: strawberry.Private[CallRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = prefixed_id("turn-taking", CallRow.id, "one call's settings of turn taking")
    eagerness: Eagerness = member(CallRow.turn_taking, "eagerness", Eagerness, "How soon the assistant answers.")
    max_silence_ms: int | None = optional_member(
        CallRow.turn_taking, "max_silence_ms", int, "The silence that ends any turn; null for the default."
    )
    interruptible: bool = member(
        CallRow.turn_taking, "interruptible", bool, "Whether the caller may speak over a reply."
    )

    @strawberry.field(description="Words that do not interrupt a reply; null for those of the language.")
    def backchannels(self) -> list[str] | None:
        words: list[str] | None = self.row.turn_taking["backchannels"]
        return words


@strawberry.type(description="A live call: a caller's audio connection in a session.")
class Call(Node):
    row: strawberry.Private[CallRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(CallRow.id, "UUID version 7.")
    status: LiveCallStatus = column(CallRow.status, "Whether the caller is connected.")
    transport: CallTransport = column(CallRow.transport, "How the audio is carried.")
    turn_taking: TurnTaking = part(TurnTaking, "How turns are taken.")
    opened_at: datetime = column(CallRow.opened_at, "When openCall was called.")
    connected_at: datetime | None = column(CallRow.connected_at, "When the caller first connected.")
    ended_at: datetime | None = column(CallRow.ended_at, "When it ended.")
    end_reason: CallEndReason | None = column(CallRow.end_reason, "Why it ended.")
    drops: int = column(CallRow.drops, "How often its connection was lost.")
    elapsed_ms: int = column(CallRow.elapsed_ms, "Duration of the caller's audio so far, in milliseconds.")
    recording: Audio | None = one(
        Audio,
        AudioRow.call_id,
        CallRow.id,
        "The recording of the whole call in stereo (caller left, assistant right), if it was asked for; null until the"
        " call has ended.",
    )
    turns: list[Annotated[Turn, strawberry.lazy("graph.api.types.turn")]] = many(
        turn_of, TurnRow.call_id, CallRow.id, "The turns that were spoken in it, oldest first."
    )
    session: Annotated[Session, strawberry.lazy("graph.api.types.session")] = one(
        session_of, SessionRow.id, CallRow.session_id, "The session it belongs to."
    )


@strawberry.type(description="Times of a live turn, in milliseconds.")
class LiveTiming:
    row: strawberry.Private[TurnRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = prefixed_id("live", TurnRow.id, "one turn's live timing")
    speech_started_ms: int = member(
        TurnRow.live, "speech_started_ms", int, "When the caller began to speak: position in the call's audio."
    )
    speech_ended_ms: int = member(
        TurnRow.live, "speech_ended_ms", int, "The end of the caller's last word: position in the call's audio."
    )
    end_decided_ms: float | None = optional_member(
        TurnRow.live, "end_decided_ms", float, "From the end of speech until the turn was taken to have ended."
    )
    first_audio_sent_ms: float | None = optional_member(
        TurnRow.live, "first_audio_sent_ms", float, "From the end of speech until the reply's first audio was sent."
    )
    first_heard_ms: float | None = optional_member(
        TurnRow.live, "first_heard_ms", float, "From the end of speech until playback was first acknowledged."
    )
    turn_score: float | None = optional_member(
        TurnRow.live, "turn_score", float, "How complete the turn sounded, from 0 to 1."
    )
    speculative: bool = member(
        TurnRow.live, "speculative", bool, "Whether the reply that was begun in the caller's pause was used."
    )


@strawberry.type(description="What a caller heard of a reply. Without an acknowledgement nothing was heard.")
class Playback:
    row: strawberry.Private[MessageRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = prefixed_id("playback", MessageRow.id, "one message's playback")
    heard_text: str = member(MessageRow.playback, "heard_text", str, "The text that was heard, in whole words.")
    heard_ms: int = member(MessageRow.playback, "heard_ms", int, "How much was heard, in milliseconds.")
    total_ms: int = member(MessageRow.playback, "total_ms", int, "How much was sent, in milliseconds.")
    interrupted: bool = member(MessageRow.playback, "interrupted", bool, "Whether the caller interrupted it.")
    known_by: PlaybackSource = member(
        MessageRow.playback, "source", PlaybackSource, "How this is known.", field_name="source"
    )
