"""The caller's turns as items of the Realtime protocol: speech, its words while it is spoken, typed text."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from uuid import UUID

from openai.types.realtime import (
    ConversationItemInputAudioTranscriptionCompletedEvent,
    ConversationItemInputAudioTranscriptionDeltaEvent,
    InputAudioBufferCommittedEvent,
    InputAudioBufferSpeechStartedEvent,
    InputAudioBufferSpeechStoppedEvent,
)

from graph.voice.realtime.conversation import Conversation
from graph.voice.realtime.server_events import event_text, new_name, spoken_item, typed_item
from graph.voice.realtime.session_config import SessionConfig
from graph.voice.realtime.word_deltas import fresh_words, without_end
from inference.live.caller_events import SpeechEnded, SpeechStarted, TurnCommitted, WordsPartial

#: Turns whose names are remembered.
_MAX_TURNS = 50


class CallerTurns:
    """An item's id is the id of its message, but for turns whose item began before the call had named one.

    ``push``: sends an event. ``heard_ms``: the audio that came so far.
    """

    def __init__(
        self, push: Callable[[str], None], conversation: Conversation, config: Callable[[], SessionConfig]
    ) -> None:
        self._push = push
        self._conversation = conversation
        self._config = config
        self._items: OrderedDict[UUID, str] = OrderedDict()
        self._words: dict[str, list[str]] = {}
        self._started_ms: dict[str, int] = {}
        #: The item of the speech that the client was told of, and whether the call has named its message.
        self._speaking: str | None = None
        self._is_named = False
        #: The item of the utterance that goes on, as the call has it.
        self._utterance: str | None = None
        self._manual: deque[str] = deque()
        self._typed: deque[str] = deque()
        self.heard_ms = 0.0

    def speech_started(self, event: SpeechStarted) -> None:
        if self._speaking is not None and not self._is_named:
            self._name(event.message_id, self._speaking)
            self._is_named = True
        else:
            self._start(self._name(event.message_id, str(event.message_id)), event.at_ms)
            self._is_named = True
        self._utterance = self._speaking

    def speaks_over_reply(self) -> None:
        """The caller speaks over a reply; perhaps only a backchannel, which becomes no message."""
        if self._speaking is None:
            self._start(new_name("item"), int(self.heard_ms))
            self._is_named = False

    def was_backchannel(self) -> None:
        self._stop(int(self.heard_ms))

    def stops_reply(self) -> None:
        """The reply that the client plays is cleared, by speech that went on or without any.

        Clients of the protocol stop at speech_started, and at nothing else.
        """
        if self._speaking is None:
            self._start(self._utterance or new_name("item"), int(self.heard_ms))
            self._is_named = self._utterance is not None
            if self._utterance is None:
                self._stop(int(self.heard_ms))

    def speech_ended(self, event: SpeechEnded) -> None:
        self._utterance = None
        self._stop(event.at_ms)

    def words(self, event: WordsPartial) -> None:
        """Clients append deltas: of words that changed, only the final transcript tells."""
        item_id = self._items.get(event.message_id)
        if item_id is None or not self._config().transcribes:
            return
        told = self._words.setdefault(item_id, [])
        fresh = list(fresh_words(told, event.text.split()))
        if not fresh:
            return
        fresh[-1] = without_end(fresh[-1])
        delta = (" " if told else "") + " ".join(fresh)
        told += fresh
        kind = "conversation.item.input_audio_transcription.delta"
        members = {"item_id": item_id, "content_index": 0, "delta": delta}
        self._push(event_text(ConversationItemInputAudioTranscriptionDeltaEvent, kind, **members))

    def audio_committed(self) -> None:
        """The client has ended the turn itself; its words follow."""
        item_id = self._speaking or new_name("item")
        if self._speaking is not None:
            self._stop(int(self.heard_ms))
        self._manual.append(item_id)
        self._commit(item_id)

    def typed(self, item_id: str, text: str) -> None:
        item = typed_item(item_id, text)
        self._push(self._conversation.add(item_id, item))
        self._push(self._conversation.finish(item_id, item))
        self._typed.append(item_id)

    def committed(self, event: TurnCommitted) -> None:
        """The turn is stored, with its words. A turn that was reopened keeps its item, whose words are replaced."""
        item_id = self._items.get(event.message_id)
        if item_id is None and self._manual:
            item_id = self._name(event.message_id, self._manual.popleft())
        elif item_id is not None and item_id in self._manual:
            self._manual.remove(item_id)
        elif item_id is None and self._typed:
            self._typed.clear()
            return
        self._typed.clear()
        if item_id is None:
            item_id = self._name(event.message_id, str(event.message_id))
        if item_id == self._speaking:
            self._stop(int(self.heard_ms))
        if item_id not in self._conversation:
            self._commit(item_id)
        self._conversation.replace(item_id, spoken_item(item_id, event.text))
        if self._config().transcribes:
            self._transcribed(item_id, event.text)

    def _name(self, message_id: UUID, item_id: str) -> str:
        self._items[message_id] = item_id
        if len(self._items) > _MAX_TURNS:
            _, oldest = self._items.popitem(last=False)
            self._words.pop(oldest, None)
            self._started_ms.pop(oldest, None)
        return item_id

    def _start(self, item_id: str, at_ms: int) -> None:
        self._speaking = item_id
        self._started_ms.setdefault(item_id, at_ms)
        members = {"item_id": item_id, "audio_start_ms": at_ms}
        self._push(event_text(InputAudioBufferSpeechStartedEvent, "input_audio_buffer.speech_started", **members))

    def _stop(self, at_ms: int) -> None:
        if self._speaking is not None:
            members = {"item_id": self._speaking, "audio_end_ms": at_ms}
            self._push(event_text(InputAudioBufferSpeechStoppedEvent, "input_audio_buffer.speech_stopped", **members))
            self._speaking = None

    def _commit(self, item_id: str) -> None:
        members = {"item_id": item_id, "previous_item_id": self._conversation.last_id}
        self._push(event_text(InputAudioBufferCommittedEvent, "input_audio_buffer.committed", **members))
        item = spoken_item(item_id, None)
        self._push(self._conversation.add(item_id, item))
        self._push(self._conversation.finish(item_id, item))

    def _transcribed(self, item_id: str, text: str) -> None:
        seconds = max(0.0, self.heard_ms - self._started_ms.get(item_id, self.heard_ms)) / 1e3
        kind = "conversation.item.input_audio_transcription.completed"
        usage = {"type": "duration", "seconds": round(seconds, 3)}
        members = {"item_id": item_id, "content_index": 0, "transcript": text, "usage": usage}
        self._push(event_text(ConversationItemInputAudioTranscriptionCompletedEvent, kind, **members))
