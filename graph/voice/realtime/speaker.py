"""The caller's connection of the Realtime protocol, as the call sees it: its events become server events."""

from __future__ import annotations

from db.enums import CallEndReason
from graph.voice.outbox import Outbox
from graph.voice.realtime.caller_turns import CallerTurns
from graph.voice.realtime.client_events import ClientError
from graph.voice.realtime.replies import Replies
from graph.voice.realtime.server_events import error_text
from inference.live.caller_events import (
    CallOver,
    CallProblem,
    ClearPlayback,
    PausePlayback,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    ReplyText,
    ResumePlayback,
    SpeechEnded,
    SpeechStarted,
    ToCaller,
    TurnCommitted,
    WordsPartial,
)


class RealtimeSpeaker:
    """Implements ``CallerSpeaker``. ``over``: why the call ended, once it has."""

    def __init__(self, outbox: Outbox, turns: CallerTurns, replies: Replies) -> None:
        self._outbox = outbox
        self._turns = turns
        self._replies = replies
        self.over: CallEndReason | None = None

    async def send(self, event: ToCaller) -> None:
        """Raises CallerGone."""
        await self._outbox.room()
        if isinstance(event, ReplyAudio):
            await self._replies.audio(event.reply_id, event.samples, event.sample_rate, event.text)
        elif not self._of_turn(event) and not self._of_reply(event):
            self._of_call(event)

    def _of_turn(self, event: ToCaller) -> bool:
        match event:
            case SpeechStarted():
                self._turns.speech_started(event)
            case SpeechEnded():
                self._turns.speech_ended(event)
            case WordsPartial():
                self._turns.words(event)
            case TurnCommitted():
                self._turns.committed(event)
            case _:
                return False
        return True

    def _of_reply(self, event: ToCaller) -> bool:
        match event:
            case ReplyStarted():
                self._replies.started(event.reply_id)
            case ReplyText():
                self._replies.text(event.reply_id, event.delta)
            case ReplyFinished():
                self._replies.finished(event)
            case PausePlayback():
                self._turns.speaks_over_reply()
                self._replies.pause(event.reply_id)
            case ResumePlayback():
                self._turns.was_backchannel()
                self._replies.resume(event.reply_id)
            case ClearPlayback():
                if self._replies.clear(event.reply_id):
                    self._turns.stops_reply()
            case _:
                return False
        return True

    def _of_call(self, event: ToCaller) -> None:
        """Tool progress has no event: the protocol knows tools of the client, and MCP servers that it has named."""
        match event:
            case CallProblem():
                self._outbox.push(error_text(ClientError(event.code, event.message, kind="server_error")))
            case CallOver():
                self.over = event.reason
