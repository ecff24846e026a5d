"""The phone line as the call sees it. It carries sound and nothing else: words and tools have no message."""

from __future__ import annotations

from db.enums import CallEndReason
from graph.voice.outbox import Outbox
from graph.voice.twilio.playout import Playout
from inference.live.caller_events import (
    CallOver,
    ClearPlayback,
    PausePlayback,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    ResumePlayback,
    ToCaller,
)


class LineSpeaker:
    """Implements ``CallerSpeaker``. ``over``: why the call ended, once it has."""

    def __init__(self, outbox: Outbox, playout: Playout) -> None:
        self._outbox = outbox
        self._playout = playout
        self.over: CallEndReason | None = None

    async def send(self, event: ToCaller) -> None:
        """Raises CallerGone."""
        await self._outbox.room()
        match event:
            case ReplyAudio():
                await self._playout.audio(event.reply_id, event.samples, event.sample_rate)
            case ReplyStarted():
                self._playout.started(event.reply_id)
            case ReplyFinished():
                self._playout.finished(event)
            case PausePlayback():
                self._playout.pause(event.reply_id)
            case ResumePlayback():
                self._playout.resume(event.reply_id)
            case ClearPlayback():
                self._playout.clear(event.reply_id)
            case CallOver():
                self.over = event.reason
