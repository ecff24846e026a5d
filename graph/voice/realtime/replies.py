"""The replies of a call as responses of the Realtime protocol: sent a little ahead of real time, paused, cut, resumed.

Audio is sent as it is made, at most ``LEAD_MS`` ahead of what the client can have played. What was heard follows the
clock (``PlaybackClock``), which a client's ``conversation.item.truncate`` corrects.

When the caller speaks over a reply, the client is told so at once, and stops playing as all clients of the protocol do;
usually it says with a truncate where. If it was a backchannel, the rest of the reply follows as another item.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from openai.types.realtime import ConversationItemTruncatedEvent
from openai.types.realtime.realtime_response_status import Error

from db.enums import PlaybackSource
from graph.voice.audio_format import Samples
from graph.voice.outbox import FEW_WAITING, Outbox
from graph.voice.realtime.client_events import ClientError
from graph.voice.realtime.conversation import Conversation
from graph.voice.realtime.playback_clock import PlaybackClock
from graph.voice.realtime.response_writer import CancelReason, ResponseStatus, ResponseWriter
from graph.voice.realtime.server_events import event_text, reply_item
from graph.voice.realtime.session_config import SessionConfig
from graph.voice.reply_stream import ReplyStream
from inference.live.caller_events import ReplyFinished, ReplyStatus
from inference.live.ports import CallerGone, LiveCall

#: Audio that a client is sent before it can play it: enough for a network that falters, and for what makes the audio.
LEAD_MS = 2_000.0

#: Audio that may wait here; whoever makes more waits.
MAX_WAITING_MS = 30_000.0

#: Seconds between two looks at the clock.
_TICK_SECONDS = 0.05

#: Replies that are remembered, for a truncate that comes late.
_MAX_KNOWN = 20


@dataclass(eq=False, slots=True)
class _Reply:
    """``cut_ms``: where the client stopped it while the caller spoke. ``void``: interrupted."""

    reply_id: UUID
    stream: ReplyStream
    writer: ResponseWriter | None = None
    outcome: ReplyFinished | None = None
    cut_ms: float | None = None
    reported_ms: float = 0.0
    void: bool = False


class Replies:
    """``config``: the settings now. ``session_id``: of the conversation."""

    def __init__(
        self, outbox: Outbox, conversation: Conversation, config: Callable[[], SessionConfig], session_id: UUID
    ) -> None:
        self._outbox = outbox
        self._conversation = conversation
        self._config = config
        self._session_id = session_id
        self._clock = PlaybackClock()
        #: Replies that are not sent to the end, in order.
        self._queue: deque[_Reply] = deque()
        self._known: OrderedDict[UUID, _Reply] = OrderedDict()
        self._paused: UUID | None = None
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._over = False
        #: The client asked for the end of the reply.
        self.cancelled = False

    @property
    def active_id(self) -> str | None:
        """The id of the response in progress."""
        writer = self._queue[0].writer if self._queue else None
        return None if writer is None else writer.response_id

    # --- from the call --------------------------------------------------------------------------------------

    def started(self, reply_id: UUID) -> None:
        reply = _Reply(reply_id, ReplyStream(self._config().output_format))
        self._known[reply_id] = reply
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        self._queue.append(reply)
        self.cancelled = False
        self._begin_first()

    def text(self, reply_id: UUID, delta: str) -> None:
        reply = self._known.get(reply_id)
        if reply is None or reply.void or not delta:
            return
        reply.stream.text += delta
        if reply.writer is not None and reply.writer.item is not None:
            reply.writer.text(delta)

    async def audio(self, reply_id: UUID, samples: Samples, rate: int, text: str) -> None:
        """Waits while too much audio waits. Raises CallerGone."""
        reply = self._known.get(reply_id)
        while reply is not None and not reply.void and self._waiting_ms() > MAX_WAITING_MS and not self._over:
            self._room.clear()
            await self._room.wait()
        if self._over:
            raise CallerGone
        if reply is not None and not reply.void:
            reply.stream.add(samples, rate, text)
            self._wake.set()

    def finished(self, event: ReplyFinished) -> None:
        reply = self._known.get(event.reply_id)
        if reply is None or reply.void:
            return
        if event.status is ReplyStatus.INTERRUPTED:
            self.clear(event.reply_id)
            return
        if event.text.startswith(reply.stream.text):
            self.text(event.reply_id, event.text[len(reply.stream.text) :])
        reply.outcome = event
        self._wake.set()

    def pause(self, reply_id: UUID) -> None:
        self._paused = reply_id
        self._clock.freeze()

    def resume(self, reply_id: UUID) -> None:
        self._paused = None
        self._clock.thaw()
        reply = self._known.get(reply_id)
        if reply is None or reply.cut_ms is None:
            return
        reply.stream.rewind(reply.cut_ms)
        reply.cut_ms = None
        if reply.writer is not None:
            reply.writer.end_item("incomplete")
        elif reply.stream.has_more:  # its response has ended
            self._queue.appendleft(reply)
            reply.writer = self._new_writer()
        self._wake.set()

    def clear(self, reply_id: UUID) -> bool:
        """The reply is interrupted: nothing more of it is sent. Whether the client still has to be told to stop."""
        reply = self._known.get(reply_id)
        was_paused = self._paused == reply_id
        if was_paused:
            self._paused = None
            self._clock.thaw()
        if reply is None or reply.void:
            return False
        plays = not was_paused and not self.cancelled and reply.stream.sent_ms > reply.reported_ms
        reply.void = True
        reply.stream.drop()
        self._clock.forget(reply_id)
        if reply in self._queue:
            reason: CancelReason = "client_cancelled" if self.cancelled else "turn_detected"
            self._end(reply, "cancelled", reason)
        self._room.set()
        self._wake.set()
        return plays

    # --- from the client ------------------------------------------------------------------------------------

    def truncate(self, call: LiveCall, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """The client stopped playing an item. Raises ClientError, for more than was sent too; then nothing changes."""
        item = self._conversation.spoken(item_id)
        if content_index != 0:
            raise ClientError("invalid_value", "content_index must be 0.", param="content_index")
        if not 0 <= audio_end_ms <= item.sent_ms:
            limits = f"0 to {int(item.sent_ms)}, which is what was sent"
            raise ClientError("invalid_value", f"audio_end_ms must be {limits}.", param="audio_end_ms")
        item.truncated = True
        self._conversation.replace(item_id, reply_item(item_id, "incomplete", None))
        members = {"item_id": item_id, "content_index": 0, "audio_end_ms": audio_end_ms}
        self._outbox.push(event_text(ConversationItemTruncatedEvent, "conversation.item.truncated", **members))
        reply = self._known.get(item.reply_id)
        if reply is None:
            return
        heard_ms = item.base_ms + audio_end_ms
        if self._paused == reply.reply_id:
            reply.cut_ms = reply.reported_ms = heard_ms
            self._clock.cut(reply.reply_id, heard_ms)
            call.played(reply.reply_id, heard_ms, PlaybackSource.TRUNCATE)
        elif reply.void:
            call.played(reply.reply_id, heard_ms, PlaybackSource.TRUNCATE)
        else:
            self.cancelled = True
            self.clear(reply.reply_id)
            call.truncated(reply.reply_id, heard_ms)

    # --- sending --------------------------------------------------------------------------------------------

    async def run(self, call: LiveCall) -> None:
        """Sends what is due, and reports what can have been heard, until the client is gone."""
        try:
            while True:
                self._wake.clear()
                self._report(call)
                await self._send_due()
                waits = self._clock.ahead_ms > 0 or self._queue
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TICK_SECONDS if waits else None):
                        await self._wake.wait()
        except CallerGone:
            pass
        finally:
            self._over = True
            self._room.set()

    async def _send_due(self) -> None:
        while True:
            await self._outbox.room(FEW_WAITING)
            if not self._queue or self._paused is not None:
                return
            reply = self._queue[0]
            complete = reply.outcome is not None
            if self._clock.ahead_ms >= LEAD_MS:
                return
            data = reply.stream.next_slice(complete=complete)
            if data:
                self._send(reply, data)
            elif reply.outcome is None:
                return
            elif reply.outcome.status is ReplyStatus.FAILED:
                told = Error(type="server_error", code=reply.outcome.code, message=reply.outcome.message)
                self._end(reply, "failed", error=told)
            else:
                self._end(reply, "completed")

    def _send(self, reply: _Reply, data: bytes) -> None:
        assert reply.writer is not None
        if reply.writer.item is None:
            start_ms = reply.stream.sent_ms - reply.stream.milliseconds(data)
            reply.writer.begin_item(reply.reply_id, start_ms, reply.stream.text_from(start_ms))
        reply.writer.audio(data)
        self._clock.sent(reply.reply_id, reply.stream.sent_ms)
        self._room.set()

    def _report(self, call: LiveCall) -> None:
        for reply_id, position in self._clock.positions():
            reply = self._known.get(reply_id)
            if reply is None:
                self._clock.forget(reply_id)
                continue
            ms = position
            if reply not in self._queue and ms >= reply.stream.sent_ms and self._paused is None:
                ms = max(ms, reply.stream.given_ms)  # the format's rounding
                self._clock.forget(reply_id)
            if ms > reply.reported_ms:
                reply.reported_ms = ms
                call.played(reply_id, ms, PlaybackSource.CLOCK)

    def _begin_first(self) -> None:
        """Begins the response of the oldest reply, if it was not."""
        if self._queue and self._queue[0].writer is None:
            reply = self._queue[0]
            reply.writer = self._new_writer()
            reply.writer.begin_item(reply.reply_id, 0.0, reply.stream.text)

    def _new_writer(self) -> ResponseWriter:
        return ResponseWriter(self._outbox.push, self._conversation, self._config(), self._session_id)

    def _end(
        self, reply: _Reply, status: ResponseStatus, reason: CancelReason | None = None, error: Error | None = None
    ) -> None:
        self._queue.remove(reply)
        if reply.writer is not None:
            reply.writer.end(status, reason, error)
            reply.writer = None
        self._begin_first()

    def _waiting_ms(self) -> float:
        return sum(each.stream.waiting_ms for each in self._queue)
