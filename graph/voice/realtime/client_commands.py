"""What each client event does to the call. An event that is refused changes nothing."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping

from openai.types.realtime import (
    ConversationItemCreateEvent,
    ConversationItemDeleteEvent,
    ConversationItemRetrieveEvent,
    ConversationItemTruncateEvent,
    InputAudioBufferAppendEvent,
    InputAudioBufferClearedEvent,
    InputAudioBufferClearEvent,
    InputAudioBufferCommitEvent,
    OutputAudioBufferClearEvent,
    RealtimeConversationItemUserMessage,
    ResponseCancelEvent,
    ResponseCreateEvent,
)
from openai.types.realtime.realtime_server_event import ConversationItemRetrieved, OutputAudioBufferCleared
from pydantic import BaseModel

from db.commands.messages import MAX_TEXT
from db.errors import BadUserInput
from db.turns.live_values import Eagerness
from db.validation import validate_text
from graph.voice.audio_format import AudioFormat, InputStream
from graph.voice.outbox import Outbox
from graph.voice.realtime.caller_turns import CallerTurns
from graph.voice.realtime.client_events import MAX_ID, ClientError
from graph.voice.realtime.conversation import Conversation
from graph.voice.realtime.replies import Replies
from graph.voice.realtime.server_events import event_text, new_name
from graph.voice.realtime.session_config import SessionConfig, unsupported
from inference.live.ports import LiveCall

#: Sample rate of a call's audio.
_RATE = 16_000

#: One append is converted in pieces of so many milliseconds, so that the event loop is never busy for long.
_PIECE_MS = 500.0

#: Typed messages without a response.
_MAX_TYPED = 16


class ClientCommands:
    """Client events of one connection to ``call``, in order; ``run`` returns when the event has been carried out."""

    def __init__(
        self,
        call: LiveCall,
        *,
        config: Callable[[], SessionConfig],
        outbox: Outbox,
        conversation: Conversation,
        turns: CallerTurns,
        replies: Replies,
    ) -> None:
        self._config = config
        self._call = call
        self._outbox = outbox
        self._conversation = conversation
        self._turns = turns
        self._replies = replies
        self._format: AudioFormat | None = None
        self._input: InputStream | None = None
        #: Turns and typed messages that wait for response.create.
        self._pending = 0
        # Any model of the SDK by its own command.
        self._commands: Mapping[type[BaseModel], Callable[..., Awaitable[None]]] = {
            InputAudioBufferAppendEvent: self._append,
            InputAudioBufferCommitEvent: self._commit,
            InputAudioBufferClearEvent: self._clear,
            ConversationItemCreateEvent: self._create_item,
            ConversationItemTruncateEvent: self._truncate,
            ConversationItemRetrieveEvent: self._retrieve,
            ConversationItemDeleteEvent: self._delete,
            ResponseCreateEvent: self._respond,
            ResponseCancelEvent: self._cancel,
            OutputAudioBufferClearEvent: self._clear_output,
        }

    async def run(self, event: BaseModel) -> None:
        """Raises ClientError."""
        await self._commands[type(event)](event)

    async def _append(self, event: InputAudioBufferAppendEvent) -> None:
        try:
            data = base64.b64decode(event.audio, validate=True)
        except (binascii.Error, ValueError):
            raise ClientError("invalid_value", "audio is not valid base64.", param="audio") from None
        given = self._config().input_format
        if len(data) % given.sample_bytes:
            message = f"audio must be whole samples of {given.sample_bytes} bytes ({given})."
            raise ClientError("invalid_value", message, param="audio")
        if self._input is None or given is not self._format:
            self._format, self._input = given, InputStream(given, _RATE)
        size = given.size(_PIECE_MS)
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            self._turns.heard_ms += given.milliseconds(len(piece))
            await self._call.hear(self._input.convert(piece))
            if start + size < len(data):
                await asyncio.sleep(0)

    async def _commit(self, event: InputAudioBufferCommitEvent) -> None:
        if not await self._call.commit_audio():
            raise ClientError("input_audio_buffer_commit_empty", "There is no audio to commit.")
        self._turns.audio_committed()
        if self._config().turn_taking.eagerness is Eagerness.MANUAL:  # else the call answers by itself
            self._pending += 1

    async def _clear(self, event: InputAudioBufferClearEvent) -> None:
        await self._call.clear_audio()
        self._outbox.push(event_text(InputAudioBufferClearedEvent, "input_audio_buffer.cleared"))

    async def _create_item(self, event: ConversationItemCreateEvent) -> None:
        item = event.item
        if not isinstance(item, RealtimeConversationItemUserMessage):
            raise unsupported("item", "Only a message of the user can be created: tools and history are the server's.")
        if event.previous_item_id not in (None, self._conversation.last_id):
            raise unsupported("previous_item_id", "An item can only be added at the end.")
        texts = [part.text for part in item.content if part.type == "input_text" and part.text is not None]
        if len(texts) != len(item.content) or not texts:
            wanted = "item.content must be input_text: send audio with input_audio_buffer.append."
            raise unsupported("item.content", wanted)
        try:
            text = validate_text("\n".join(texts), "item.content", max_length=MAX_TEXT)
        except BadUserInput as error:
            raise ClientError("invalid_value", error.message, param="item.content") from None
        item_id = item.id or new_name("item")
        if len(item_id) > MAX_ID or item_id in self._conversation:
            raise ClientError("invalid_value", f"item.id must be new, of up to {MAX_ID} characters.", param="item.id")
        if self._pending >= _MAX_TYPED:
            raise ClientError("too_many_items", f"{_MAX_TYPED} items wait for response.create, the maximum.")
        await self._call.type_text(text, respond=False)
        self._turns.typed(item_id, text)
        self._pending += 1

    async def _truncate(self, event: ConversationItemTruncateEvent) -> None:
        self._replies.truncate(self._call, event.item_id, event.content_index, event.audio_end_ms)

    async def _retrieve(self, event: ConversationItemRetrieveEvent) -> None:
        item = self._conversation.item(event.item_id)
        self._outbox.push(event_text(ConversationItemRetrieved, "conversation.item.retrieved", item=item))

    async def _delete(self, event: ConversationItemDeleteEvent) -> None:
        raise unsupported("type", "An item cannot be deleted: the record of a conversation stays whole.")

    async def _respond(self, event: ResponseCreateEvent) -> None:
        if event.response is not None:
            given = event.response
            changed = given.model_fields_set - {"output_modalities"}
            for member in sorted(changed):
                if getattr(given, member, None) not in (None, "auto", "inf", []):
                    param = f"response.{member}"
                    raise unsupported(
                        param, f"{param} is not supported: a response is as the session and its agent are."
                    )
            if given.output_modalities not in (None, ["audio"]):
                raise unsupported("response.output_modalities", 'response.output_modalities must be ["audio"].')
        if self._replies.active_id is not None:
            message = "There is a response in progress: wait for response.done, or cancel it."
            raise ClientError("conversation_already_has_active_response", message)
        if not self._pending:
            message = "There is nothing to respond to: the assistant greets and answers by itself."
            raise ClientError("nothing_to_respond_to", message)
        self._pending = 0
        await self._call.respond()

    async def _cancel(self, event: ResponseCancelEvent) -> None:
        active = self._replies.active_id
        if active is None or event.response_id not in (None, active):
            raise ClientError("response_cancel_not_active", "There is no such response in progress.")
        await self._stop()

    async def _clear_output(self, event: OutputAudioBufferClearEvent) -> None:
        response_id = self._replies.active_id
        if response_id is not None:
            await self._stop()
            members = {"response_id": response_id}
            self._outbox.push(event_text(OutputAudioBufferCleared, "output_audio_buffer.cleared", **members))

    async def _stop(self) -> None:
        self._replies.cancelled = True
        if not await self._call.interrupt():
            raise ClientError("response_cancel_not_active", "There is no response in progress.")
