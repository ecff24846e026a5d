"""Writes the events of one response, and of its items of audio one after the other."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

from openai.types.realtime import (
    ConversationItem,
    RealtimeResponse,
    RealtimeResponseStatus,
    ResponseAudioDeltaEvent,
    ResponseAudioDoneEvent,
    ResponseAudioTranscriptDeltaEvent,
    ResponseAudioTranscriptDoneEvent,
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseCreatedEvent,
    ResponseDoneEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
)
from openai.types.realtime.realtime_response_status import Error
from pydantic import BaseModel

from graph.voice.realtime.conversation import Conversation, SpokenItem
from graph.voice.realtime.server_events import ItemStatus, event_text, new_name, reply_item
from graph.voice.realtime.session_config import DEFAULT_VOICE, SessionConfig, shown_format

ResponseStatus = Literal["completed", "cancelled", "failed"]
CancelReason = Literal["turn_detected", "client_cancelled"]

_ITEM_STATUS: dict[ResponseStatus, ItemStatus] = {
    "completed": "completed",
    "cancelled": "incomplete",
    "failed": "incomplete",
}


class ResponseWriter:
    """``push``: sends an event. ``session_id``: of the conversation. The response is begun at once."""

    def __init__(
        self, push: Callable[[str], None], conversation: Conversation, config: SessionConfig, session_id: UUID
    ) -> None:
        self.response_id = new_name("resp")
        self._push = push
        self._conversation = conversation
        self._session_id = session_id
        self._audio = {"output": {"format": shown_format(config.output_format), "voice": config.voice or DEFAULT_VOICE}}
        self._format = config.output_format
        self._output: list[ConversationItem] = []
        self._transcript = ""
        self.item: SpokenItem | None = None
        push(event_text(ResponseCreatedEvent, "response.created", response=self._response("in_progress", None)))

    def begin_item(self, reply_id: UUID, base_ms: float, text: str) -> None:
        """Begins an item whose audio starts at ``base_ms`` of the reply. ``text``: its words as far as known."""
        item = self.item = SpokenItem(new_name("item"), reply_id, base_ms)
        self._transcript = ""
        empty = reply_item(item.item_id, "in_progress", None)
        self._response_event(ResponseOutputItemAddedEvent, "response.output_item.added", item=empty)
        self._push(self._conversation.add(item.item_id, empty, item))
        part = {"type": "audio", "transcript": ""}
        self._part_event(ResponseContentPartAddedEvent, "response.content_part.added", part=part)
        if text:
            self.text(text)

    def text(self, delta: str) -> None:
        self._transcript += delta
        kind = "response.output_audio_transcript.delta"
        self._part_event(ResponseAudioTranscriptDeltaEvent, kind, delta=delta)

    def audio(self, data: bytes) -> None:
        assert self.item is not None
        self.item.sent_ms += self._format.milliseconds(len(data))
        delta = base64.b64encode(data).decode()
        self._part_event(ResponseAudioDeltaEvent, "response.output_audio.delta", delta=delta)

    def end_item(self, status: ItemStatus) -> None:
        """Ends the item that was begun, if any; another may follow."""
        if self.item is None:
            return
        transcript = self._transcript
        self._part_event(ResponseAudioDoneEvent, "response.output_audio.done")
        done = "response.output_audio_transcript.done"
        self._part_event(ResponseAudioTranscriptDoneEvent, done, transcript=transcript)
        part = {"type": "audio", "transcript": transcript}
        self._part_event(ResponseContentPartDoneEvent, "response.content_part.done", part=part)
        ended = reply_item(self.item.item_id, status, None if self.item.truncated else transcript)
        self._push(self._conversation.finish(self.item.item_id, ended))
        self._response_event(ResponseOutputItemDoneEvent, "response.output_item.done", item=ended)
        self._output.append(ended)
        self.item = None

    def end(self, status: ResponseStatus, reason: CancelReason | None = None, error: Error | None = None) -> None:
        self.end_item(_ITEM_STATUS[status])
        details = None
        if status != "completed":
            details = RealtimeResponseStatus(type=status, reason=reason, error=error)
        self._push(event_text(ResponseDoneEvent, "response.done", response=self._response(status, details)))

    def _response(
        self, status: ResponseStatus | Literal["in_progress"], details: RealtimeResponseStatus | None
    ) -> RealtimeResponse:
        return RealtimeResponse.model_validate(
            {
                "id": self.response_id,
                "object": "realtime.response",
                "conversation_id": str(self._session_id),
                "status": status,
                "status_details": details,
                "output": list(self._output),
                "output_modalities": ["audio"],
                "audio": self._audio,
            }
        )

    # Any: the members are those of the models.
    def _response_event(self, model: type[BaseModel], kind: str, **members: Any) -> None:
        index = len(self._output)
        self._push(event_text(model, kind, response_id=self.response_id, output_index=index, **members))

    # Any: as above.
    def _part_event(self, model: type[BaseModel], kind: str, **members: Any) -> None:
        assert self.item is not None
        self._response_event(model, kind, item_id=self.item.item_id, content_index=0, **members)
