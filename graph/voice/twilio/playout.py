"""The replies of a call on their way to the phone line: sent a little ahead of real time, with marks that tell what was
played.

Twilio cannot pause. When the caller speaks over a reply, what was not played is cleared; if it was a backchannel, it is
sent again from the last mark that came back. Marks that Twilio returns because of the clear count for nothing, so the
ledger may be behind what was heard by a mark and the way back, and is never ahead.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from db.enums import PlaybackSource
from graph.voice.audio_format import AudioFormat, InputStream, Samples
from graph.voice.outbox import Outbox
from graph.voice.reply_stream import ReplyStream
from graph.voice.twilio.messages import clear_text, mark_text, media_text
from inference.live.caller_events import ReplyFinished, ReplyStatus
from inference.live.ports import CallerGone, LiveCall

#: Audio that is sent before it can have been played: enough for a process and a network that falter.
LEAD_SECONDS = 1.0

#: Audio that may wait here; whoever makes more waits.
MAX_WAITING_MS = 30_000.0

#: µ-law bytes of one message, 20 ms; a mark follows each slice of 100 ms (``graph.voice.reply_stream``).
_FRAME = 160

#: Texts that may wait for the socket before more audio is added.
_FEW_WAITING = 16

#: Marks that are waited for; a line that returns none loses the oldest.
_MAX_MARKS = 500

_MAX_KNOWN = 20
_RATE = 16_000


class EchoCanceller(Protocol):
    """Cancels the reply's echo in the caller's audio (``inference.live.echo``)."""

    def play(self, samples: Samples, sample_rate: int) -> None:
        """Audio that the line plays after what was sent before."""
        ...

    def clear(self) -> None:
        """What was not played is dropped."""
        ...

    def hear(self, samples: Samples) -> Samples:
        """The caller's audio, 16 kHz mono, without the echo."""
        ...


@dataclass(eq=False, slots=True)
class _Reply:
    """``played_ms``: by its marks. ``complete``: no more audio will be added. ``void``: interrupted."""

    reply_id: UUID
    stream: ReplyStream
    played_ms: float = 0.0
    complete: bool = False
    void: bool = False


class Playout:
    """One connection's outgoing audio. ``now``: seconds, monotonic."""

    def __init__(
        self,
        outbox: Outbox,
        stream_sid: str,
        canceller: EchoCanceller | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._stream_sid = stream_sid
        self._canceller = canceller
        self._now = now
        self._far_end = InputStream(AudioFormat.ULAW, _RATE)
        #: Replies that are not sent to the end, in order.
        self._queue: deque[_Reply] = deque()
        self._known: OrderedDict[UUID, _Reply] = OrderedDict()
        #: Marks that were sent and are not back, with the position that each stands for.
        self._marks: OrderedDict[str, tuple[_Reply, float]] = OrderedDict()
        self._marks_sent = 0
        self._line_ends_at = 0.0
        self._paused: UUID | None = None
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._over = False

    # --- from the call --------------------------------------------------------------------------------------

    def started(self, reply_id: UUID) -> None:
        reply = _Reply(reply_id, ReplyStream(AudioFormat.ULAW))
        self._known[reply_id] = reply
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        self._queue.append(reply)

    async def audio(self, reply_id: UUID, samples: Samples, rate: int) -> None:
        """Waits while too much audio waits. Raises CallerGone."""
        reply = self._known.get(reply_id)
        while reply is not None and not reply.void and self._waiting_ms() > MAX_WAITING_MS and not self._over:
            self._room.clear()
            await self._room.wait()
        if self._over:
            raise CallerGone
        if reply is not None and not reply.void:
            reply.stream.add(samples, rate, "")
            self._wake.set()

    def finished(self, event: ReplyFinished) -> None:
        if event.status is ReplyStatus.INTERRUPTED:
            self.clear(event.reply_id)
        elif (reply := self._known.get(event.reply_id)) is not None:
            reply.complete = True
            self._wake.set()

    def pause(self, reply_id: UUID) -> None:
        self._paused = reply_id
        self._clear_line()

    def resume(self, reply_id: UUID) -> None:
        if self._paused == reply_id:
            self._paused = None
            self._wake.set()

    def clear(self, reply_id: UUID) -> None:
        """The reply is interrupted: nothing more of it is sent, and the line stops playing it."""
        self.resume(reply_id)
        reply = self._known.get(reply_id)
        if reply is None or reply.void:
            return
        reply.void = True
        reply.stream.drop()
        if reply in self._queue:
            self._queue.remove(reply)
        if any(each is reply for each, _ in self._marks.values()):
            self._clear_line()
        self._room.set()
        self._wake.set()

    # --- from the line --------------------------------------------------------------------------------------

    def marked(self, call: LiveCall, name: str) -> None:
        """A mark came back: what was sent before it was played. Ignored if the line was cleared since."""
        if name not in self._marks:
            return
        reached = False
        while not reached:
            first, (reply, ms) = self._marks.popitem(last=False)
            reply.played_ms = ms
            reached = first == name
            if reached or next(iter(self._marks.values()))[0] is not reply:
                self._report(call, reply)

    # --- sending --------------------------------------------------------------------------------------------

    async def run(self, call: LiveCall) -> None:
        """Sends what is due until the connection is lost."""
        try:
            while True:
                self._wake.clear()
                due = await self._send_due(call)
                with suppress(TimeoutError):
                    async with asyncio.timeout(due):
                        await self._wake.wait()
        except CallerGone:
            pass
        finally:
            self._over = True
            self._room.set()

    async def _send_due(self, call: LiveCall) -> float | None:
        """Seconds until more is due; None if there is no more now."""
        while True:
            await self._outbox.room(_FEW_WAITING)
            if not self._queue or self._paused is not None:
                return None
            ahead = self._line_ends_at - self._now() - LEAD_SECONDS
            if ahead > 0:
                return ahead
            reply = self._queue[0]
            data = reply.stream.next_slice(complete=reply.complete)
            if data:
                self._send(reply, data)
            elif reply.complete:
                self._queue.popleft()
                self._report(call, reply)
            else:
                return None

    def _send(self, reply: _Reply, data: bytes) -> None:
        for start in range(0, len(data), _FRAME):
            self._outbox.push(media_text(self._stream_sid, data[start : start + _FRAME]))
        self._marks_sent += 1
        name = str(self._marks_sent)
        self._outbox.push(mark_text(self._stream_sid, name))
        self._marks[name] = (reply, reply.stream.sent_ms)
        if len(self._marks) > _MAX_MARKS:
            self._marks.popitem(last=False)
        self._line_ends_at = max(self._line_ends_at, self._now()) + reply.stream.milliseconds(data) / 1e3
        if self._canceller is not None:
            self._canceller.play(self._far_end.convert(data), _RATE)
        self._room.set()

    def _clear_line(self) -> None:
        """Drops what the line has not played; what is not void is sent again, from its last mark on."""
        if not self._marks:
            return
        cleared = list(dict.fromkeys(reply for reply, _ in self._marks.values()))
        self._marks.clear()
        self._outbox.push(clear_text(self._stream_sid))
        self._line_ends_at = 0.0
        if self._canceller is not None:
            self._canceller.clear()
            self._far_end = InputStream(AudioFormat.ULAW, _RATE)
        for reply in reversed(cleared):
            if not reply.void:
                reply.stream.rewind(reply.played_ms)
                if reply not in self._queue:
                    self._queue.appendleft(reply)
        self._wake.set()

    def _report(self, call: LiveCall, reply: _Reply) -> None:
        """Tells the call what the marks say; of a reply that was played to the end, all."""
        ms = reply.played_ms
        if reply not in self._queue and ms >= reply.stream.sent_ms:
            ms = max(ms, reply.stream.given_ms)  # the format's rounding
        if ms > 0:
            call.played(reply.reply_id, ms, PlaybackSource.MARKS)

    def _waiting_ms(self) -> float:
        return sum(each.stream.waiting_ms for each in self._queue)
