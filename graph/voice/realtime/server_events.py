"""Server events of the OpenAI Realtime protocol as text, built from the official SDK's own models."""

from __future__ import annotations

from typing import Any, Literal
from uuid import uuid4

from openai.types.realtime import (
    ConversationItem,
    RealtimeConversationItemAssistantMessage,
    RealtimeConversationItemUserMessage,
    RealtimeError,
    RealtimeErrorEvent,
)
from openai.types.realtime.realtime_conversation_item_assistant_message import Content as AssistantContent
from openai.types.realtime.realtime_conversation_item_user_message import Content as UserContent
from pydantic import BaseModel

from graph.voice.realtime.client_events import ClientError

ItemStatus = Literal["completed", "incomplete", "in_progress"]


def new_name(kind: str) -> str:
    """A new id, as the protocol writes them: ``item_…``."""
    return f"{kind}_{uuid4().hex}"


# Any: the members are those of the model, which validates them.
def event_text(model: type[BaseModel], type_name: str, **members: Any) -> str:
    """The event as JSON with the members given, None included; an id of its own is added."""
    event = model.model_validate({"type": type_name, "event_id": new_name("event"), **members})
    return event.model_dump_json(by_alias=True, exclude_unset=True)


def error_text(error: ClientError) -> str:
    members = {"type": error.kind, "code": error.code, "message": error.message}
    told = RealtimeError(**members, param=error.param, event_id=error.event_id)
    return event_text(RealtimeErrorEvent, "error", error=told)


def spoken_item(item_id: str, transcript: str | None) -> ConversationItem:
    """A caller's turn. ``transcript``: None until it is known."""
    content = UserContent(type="input_audio", transcript=transcript)
    return RealtimeConversationItemUserMessage(
        id=item_id, object="realtime.item", type="message", role="user", status="completed", content=[content]
    )


def typed_item(item_id: str, text: str) -> ConversationItem:
    content = UserContent(type="input_text", text=text)
    return RealtimeConversationItemUserMessage(
        id=item_id, object="realtime.item", type="message", role="user", status="completed", content=[content]
    )


def reply_item(item_id: str, status: ItemStatus, transcript: str | None) -> ConversationItem:
    """The assistant's speech. ``transcript``: None before there is one, and once its audio was truncated."""
    told = {} if transcript is None else {"transcript": transcript}
    content = [] if status == "in_progress" else [AssistantContent(type="output_audio", **told)]
    return RealtimeConversationItemAssistantMessage(
        id=item_id, object="realtime.item", type="message", role="assistant", status=status, content=content
    )
