"""What happened in a call, by the client's clock: words, ends of turns, first sounds, interruptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from db.json_value import Json


@dataclass(slots=True)
class TurnTimes:
    """One turn of the caller. ``speech_end``: when its last word ended, in seconds of the call.

    ``first_sound_ms``: from the end of speech to the first audio of the reply; None if there was none.
    """

    item_id: str
    words: str = ""
    final: bool = False
    partials: int = 0
    speech_start: float = 0.0
    speech_end: float | None = None
    decided_ms: float | None = None
    first_sound_ms: float | None = None


@dataclass(slots=True)
class CallLog:
    """Follows the server's events. ``now``: seconds since the first audio was sent, which is the call's audio's time.

    ``session_id``: of VoxLoom's session. ``interruptions``: replies that were cut by the caller's speech.
    """

    now: Callable[[], float]
    session_id: str | None = None
    #: Ids of items of both sides, in order.
    lines: list[str] = field(default_factory=list)
    turns: dict[str, TurnTimes] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)
    interruptions: int = 0
    failures: list[str] = field(default_factory=list)
    replying: bool = False
    _spoken: TurnTimes | None = None

    def follow(self, event: dict[str, Json]) -> None:
        """Takes the next event of the server."""
        handler = _HANDLERS.get(str(event["type"]))
        if handler is not None:
            handler(self, event)

    def _turn(self, event: dict[str, Json]) -> TurnTimes:
        item_id = event["item_id"]
        if item_id not in self.turns:
            self.turns[item_id] = TurnTimes(item_id)
            self.lines.append(item_id)
        return self.turns[item_id]

    def _conversation(self, event: dict[str, Json]) -> None:
        self.session_id = event["conversation"]["id"]

    def _speech_started(self, event: dict[str, Json]) -> None:
        self._turn(event).speech_start = event["audio_start_ms"] / 1000

    def _speech_stopped(self, event: dict[str, Json]) -> None:
        turn = self._turn(event)
        turn.speech_end = event["audio_end_ms"] / 1000
        turn.decided_ms = (self.now() - turn.speech_end) * 1000

    def _committed(self, event: dict[str, Json]) -> None:
        self._spoken = self._turn(event)

    def _words(self, event: dict[str, Json]) -> None:
        turn = self._turn(event)
        turn.words += event["delta"]
        turn.partials += 1

    def _final_words(self, event: dict[str, Json]) -> None:
        turn = self._turn(event)
        turn.words, turn.final = event["transcript"], True

    def _response_created(self, _: dict[str, Json]) -> None:
        self.replying = True

    def _audio(self, _: dict[str, Json]) -> None:
        turn = self._spoken
        if turn is not None and turn.first_sound_ms is None and turn.speech_end is not None:
            turn.first_sound_ms = (self.now() - turn.speech_end) * 1000

    def _reply_words(self, event: dict[str, Json]) -> None:
        item_id = event["item_id"]
        if item_id not in self.replies:
            self.lines.append(item_id)
        self.replies[item_id] = self.replies.get(item_id, "") + event["delta"]

    def _response_done(self, event: dict[str, Json]) -> None:
        self.replying = False
        response = event["response"]
        details = response.get("status_details") or {}
        if response["status"] == "cancelled" and details.get("reason") == "turn_detected":
            self.interruptions += 1
        if response["status"] == "failed":
            self.failures.append(str((details.get("error") or {}).get("message")))

    def _error(self, event: dict[str, Json]) -> None:
        error = event["error"]
        self.failures.append(f"{error.get('code')}: {error['message']}")


_HANDLERS: dict[str, Callable[[CallLog, dict[str, Json]], None]] = {
    "conversation.created": CallLog._conversation,
    "input_audio_buffer.speech_started": CallLog._speech_started,
    "input_audio_buffer.speech_stopped": CallLog._speech_stopped,
    "input_audio_buffer.committed": CallLog._committed,
    "conversation.item.input_audio_transcription.delta": CallLog._words,
    "conversation.item.input_audio_transcription.completed": CallLog._final_words,
    "response.created": CallLog._response_created,
    "response.output_audio.delta": CallLog._audio,
    "response.output_audio_transcript.delta": CallLog._reply_words,
    "response.done": CallLog._response_done,
    "error": CallLog._error,
}
