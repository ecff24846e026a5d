"""A message and its sound."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models.audio import Audio as AudioRow
from db.models.conversation import Message as MessageRow
from db.models.conversation import Turn as TurnRow
from db.models.work import ModelCall as ModelCallRow
from db.models.work import ToolCall as ToolCallRow
from graph.api.fields import column, sound_url
from graph.api.loaders import Source
from graph.api.relations import many, one
from graph.api.types.circles import turn_of
from graph.api.types.enums import MessageType, Role, Stage
from graph.api.types.model_call import ModelCall
from graph.api.types.node import Node
from graph.api.types.tool_call import ToolCall

if TYPE_CHECKING:
    from graph.api.types.turn import Turn


@strawberry.type(description="A sound that can be fetched.")
class Audio:
    row: strawberry.Private[AudioRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(AudioRow.id, "UUID version 7, for the caches of clients; node does not take it.")
    mime_type: str = column(AudioRow.mime_type, "What the bytes are.")
    duration_ms: int = column(AudioRow.duration_ms, "How long it plays, in milliseconds.")
    sample_rate: int = column(AudioRow.sample_rate, "Samples a second.")
    size_bytes: int = column(AudioRow.size_bytes, "How many bytes it has.")
    url: str = sound_url(
        AudioRow.id, "Where it is fetched, without a key; good for an hour at least. Ranges are served."
    )


def _made(message: MessageRow, call: ModelCallRow) -> bool:
    return (call.stage == Stage.ASR) == (message.role == Role.USER)


def _is_reply(message: MessageRow, _: ToolCallRow) -> bool:
    return message.role == Role.ASSISTANT


@strawberry.type(description="What one side said.")
class Message(Node):
    row: strawberry.Private[MessageRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(MessageRow.id, "UUID version 7.")
    role: Role = column(MessageRow.role, "Which side said it.")
    type: MessageType = column(MessageRow.type, "AUDIO if it was spoken.")
    text: str | None = column(
        MessageRow.text, "The words. Null until a recording is understood; empty when nobody spoke in it."
    )
    language: str | None = column(MessageRow.language, "The language it was said in, where that was found out.")
    complete: bool = column(MessageRow.complete, "False for what a reply had said when its turn was cancelled.")
    created_at: datetime = column(MessageRow.created_at, "When it was stored.")
    audio: Audio | None = one(
        Audio, AudioRow.id, MessageRow.audio_id, "Its sound: the customer's recording, or the spoken reply."
    )
    turn: Annotated[Turn, strawberry.lazy("graph.api.types.turn")] = one(
        turn_of, TurnRow.id, MessageRow.turn_id, "The turn it belongs to."
    )
    model_calls: list[ModelCall] = many(
        ModelCall,
        ModelCallRow.turn_id,
        MessageRow.turn_id,
        "The model calls that made it: ASR for the customer's, LLM and TTS for the reply.",
        where=_made,
    )
    tool_calls: list[ToolCall] = many(
        ToolCall,
        ToolCallRow.turn_id,
        MessageRow.turn_id,
        "The tool calls behind a reply; none for the customer's own message.",
        where=_is_reply,
    )
