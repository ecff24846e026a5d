"""GraphQL type of messages."""

from __future__ import annotations

from datetime import datetime
from operator import ne
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import Text, cast, func, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import SQLColumnExpression

from db.json_value import Json
from db.models.audio import Audio as AudioRow
from db.models.conversation import Message as MessageRow
from db.models.conversation import Turn as TurnRow
from db.models.work import ModelCall as ModelCallRow
from db.models.work import ToolCall as ToolCallRow
from graph.api.fields import ItemColumns, column, computed, items, part
from graph.api.loaders import Source
from graph.api.relations import many, one
from graph.api.types.audio import Audio
from graph.api.types.call import Playback
from graph.api.types.circles import turn_of
from graph.api.types.enums import MessageType, Role, Stage
from graph.api.types.model_call import ModelCall
from graph.api.types.node import Node
from graph.api.types.tool_call import ToolCall

if TYPE_CHECKING:
    from graph.api.types.turn import Turn


def _made(message: MessageRow, call: ModelCallRow) -> bool:
    return (call.stage == Stage.ASR) == (message.role == Role.USER)


def _is_reply(message: MessageRow, _: ToolCallRow) -> bool:
    return message.role == Role.ASSISTANT


def _citations(message: MessageRow) -> list[dict[str, Json]]:
    return message.citations or []


def _citations_sql(message: type[MessageRow]) -> SQLColumnExpression[object]:
    return func.coalesce(message.citations, cast(literal("[]", Text), JSONB))


def _member(name: str, description: str) -> str:
    def python(citation: dict[str, Json]) -> str:
        return str(citation[name])

    def sql(columns: ItemColumns) -> SQLColumnExpression[str]:
        return columns.value.op("->>")(name)

    return computed(python, sql, description)


@strawberry.type(description="A passage of the agent's knowledge that a reply was written from.")
class Citation:
    row: strawberry.Private[dict[str, Json]]
    source: str = _member("source", "The document.")
    heading: str = _member("heading", "The headings above the passage, joined by ` > `; empty without any.")
    passage: str = _member("passage", "The passage.")


@strawberry.type(description="A message of the customer or the assistant.")
class Message(Node):
    row: strawberry.Private[MessageRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(MessageRow.id, "UUID version 7.")
    role: Role = column(MessageRow.role, "Its author.")
    type: MessageType = column(MessageRow.type, "AUDIO if it was sent as audio.")
    text: str | None = column(
        MessageRow.text, "Its text. Null until the recording is transcribed; empty if the recording has no speech."
    )
    language: str | None = column(MessageRow.language, "Its language (ISO 639-1), if known.")
    complete: bool = column(MessageRow.complete, "False for a partial reply of a cancelled turn.")
    digits: bool = column(MessageRow.digits, "Whether its text is digits that a caller typed on a phone (DTMF).")
    playback: Playback | None = part(
        Playback,
        "What the caller of a live call heard of the reply; null for other messages.",
        where=lambda message: ne(message.playback, None),
    )
    citations: list[Citation] = items(
        Citation,
        "The passages of knowledge that the reply was written from; empty for other messages.",
        _citations,
        sql=_citations_sql,
    )
    created_at: datetime = column(MessageRow.created_at, "When it was stored.")
    audio: Audio | None = one(
        Audio, AudioRow.id, MessageRow.audio_id, "Its audio: the customer's recording, or the spoken reply."
    )
    turn: Annotated[Turn, strawberry.lazy("graph.api.types.turn")] = one(
        turn_of, TurnRow.id, MessageRow.turn_id, "The turn it belongs to."
    )
    model_calls: list[ModelCall] = many(
        ModelCall,
        ModelCallRow.turn_id,
        MessageRow.turn_id,
        "The model calls that produced it: ASR for the customer's message, LLM and TTS for the reply.",
        where=_made,
    )
    tool_calls: list[ToolCall] = many(
        ToolCall,
        ToolCallRow.turn_id,
        MessageRow.turn_id,
        "The tool calls of a reply; empty for the customer's message.",
        where=_is_reply,
    )
