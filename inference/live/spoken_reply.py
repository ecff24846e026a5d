"""A reply on its way to the caller: text and audio as they are made, its ledger, its playback on the call's clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from db.enums import PlaybackSource
from db.ids import new_id
from db.json_value import Json
from inference.live.caller_events import (
    ClearPlayback,
    PausePlayback,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    ReplyStatus,
    ReplyText,
    ResumePlayback,
    ToCaller,
    ToolProgress,
)
from inference.live.ledger import HeardLedger
from inference.live.outbox import Outbox
from inference.live.reply_track import ReplyTrack
from inference.live.tape import CallTape
from inference.ports import SAMPLE_RATE, Speech

#: Bytes of audio kept for a caller whose connection is lost, about ten minutes of speech; more is not sent again.
_MAX_KEPT_BYTES = 60_000_000


class SpokenReply:
    """Implements ``inference.ports.ReplyListener`` towards the caller. ``now``: the call's clock, in seconds.

    ``tape``: records its playback, if the call is recorded. ``turn_id``: may be changed until anything is sent.
    ``stopped``: nothing more is sent. ``paused``: the caller's side holds its playback.
    """

    def __init__(self, outbox: Outbox, tape: CallTape, turn_id: UUID | None, now: Callable[[], float]) -> None:
        self.reply_id = new_id()
        self.ledger = HeardLedger()
        self.text = ""
        self.stopped = self.paused = False
        self.details: Mapping[str, Json] = {}
        #: On ``time.perf_counter``: when the first audio was sent, and when the caller heard its first sound.
        self.first_sent: float | None = None
        self.first_heard: float | None = None
        self._outbox = outbox
        self._tape = tape
        self._track = ReplyTrack()
        self.turn_id = turn_id
        self._now = now
        self._begun = False
        self._finished: ReplyFinished | None = None
        #: Counts how often what was missed was sent again.
        self._generation = 0
        self._kept: list[ReplyAudio] = []
        self._kept_bytes = self._pieces = 0
        self._offset_ms = 0.0
        self._ends_at = 0.0
        self._paused_at = 0.0

    # --- the reply as it is made --------------------------------------------------------------------------

    async def reply_restarted(self) -> None:
        if self._begun:
            await self.clear()
            await self.finish(ReplyStatus.INTERRUPTED)
        self.reply_id, self.ledger, self.text = new_id(), HeardLedger(), ""
        self._track = ReplyTrack()
        self._begun, self._kept, self._kept_bytes, self._pieces = False, [], 0, 0
        self._offset_ms, self._finished = 0.0, None

    async def reply_text(self, delta: str) -> None:
        await self._begin()
        self.text += delta
        await self._send(ReplyText(self.reply_id, delta))

    async def reply_details(self, details: Mapping[str, Json]) -> None:
        self.details = {**self.details, **details}

    async def reply_piece(self, speech: Speech) -> None:
        if self.stopped or not speech.samples.size:
            return
        await self._begin()
        piece = ReplyAudio(self.reply_id, self._pieces, speech.text, speech.samples, speech.sample_rate)
        ms = speech.samples.size / speech.sample_rate * 1000
        self._pieces += 1
        self._keep(piece)
        self.ledger.sent(speech.text, ms)
        self._ends_at = max(self._ends_at, self._now()) + ms / 1000
        if self._tape.records:
            self._playing().sent(self._clock, speech.samples, speech.sample_rate)
        await self._send(piece)
        if self.first_sent is None:
            self.first_sent = time.perf_counter()

    async def tool_started(self, call_id: str, name: str) -> None:
        await self._begin()
        await self._send(ToolProgress(self.reply_id, call_id, name))

    async def tool_finished(self, call_id: str, name: str, *, ok: bool) -> None:
        await self._send(ToolProgress(self.reply_id, call_id, name, ok))

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            await self._send(ReplyStarted(self.reply_id, self.turn_id))

    async def _send(self, event: ToCaller) -> None:
        """Sends what is made now, unless the reply is stopped or it is among what is sent again meanwhile."""
        generation = self._generation
        await self._outbox.send(event, unless=lambda: self.stopped or self._generation != generation)

    def _keep(self, piece: ReplyAudio) -> None:
        size = piece.samples.nbytes
        if self._kept_bytes + size <= _MAX_KEPT_BYTES:
            self._kept.append(piece)
            self._kept_bytes += size

    # --- its recording ------------------------------------------------------------------------------------

    @property
    def _clock(self) -> int:
        """The call's time in samples at 16 kHz."""
        return round(self._now() * SAMPLE_RATE)

    def _playing(self) -> ReplyTrack:
        self._tape.play(self._track)
        return self._track

    # --- its playback -------------------------------------------------------------------------------------

    @property
    def audible(self) -> bool:
        """Whether any of its audio was sent."""
        return self.ledger.total_ms > 0

    @property
    def left(self) -> float:
        """Seconds of the audio so far that the caller has not heard: as reported, else by the clock."""
        if self.ledger.reported:
            return (self.ledger.total_ms - self.ledger.heard_ms) / 1000
        return max(0.0, self._end() - self._now())

    @property
    def heard(self) -> float:
        """Seconds of it that the caller has heard: as reported, else by the clock."""
        return self.ledger.total_ms / 1000 - self.left

    def over(self, grace: float) -> bool:
        """Whether all audio so far was played, or must have been ``grace`` seconds ago."""
        if self.paused:
            return False
        return (self.ledger.reported and self.ledger.complete) or not self.audible or self._now() >= self._end() + grace

    def _end(self) -> float:
        """When the audio so far has been played, if the caller's side plays without a gap."""
        return self._ends_at + (self._now() - self._paused_at if self.paused else 0.0)

    def played(self, ms: float, source: PlaybackSource) -> bool:
        """A report of the caller's side; returns whether it is news."""
        news = self.ledger.played(ms + self._offset_ms, source)
        if news and self._tape.records:
            self._playing().played(self._clock, _samples(self.ledger.heard_ms), source)
        if news and self.first_heard is None and self.ledger.heard_ms > 0:
            self.first_heard = time.perf_counter() - self.ledger.heard_ms / 1000
        return news

    async def pause(self) -> None:
        """The caller speaks over it."""
        if not self.paused and self.audible:
            self.paused, self._paused_at = True, self._now()
            self._track.pause(self._clock)
            await self._outbox.send(PausePlayback(self.reply_id))

    async def resume(self) -> None:
        """The caller only showed that they listen."""
        if self.paused:
            self._ends_at = self._end()
            self.paused = False
            self.ledger.resumed()
            self._playing().resume(self._clock)
            await self._outbox.send(ResumePlayback(self.reply_id))

    async def clear(self) -> None:
        """Drops what was not played."""
        if self.audible:
            await self._outbox.send(ClearPlayback(self.reply_id, int(self.ledger.heard_ms)))

    async def finish(self, status: ReplyStatus, code: str | None = None, message: str | None = None) -> None:
        """No more of it will be sent. A reply that was finished, and is interrupted while it plays, stays so."""
        if status is ReplyStatus.INTERRUPTED:
            self._track.cut(self._clock)
        if self._finished is None and (self._begun or status is ReplyStatus.FAILED):
            await self._begin()
            generation = self._generation
            self._finished = ReplyFinished(self.reply_id, status, self.text.strip(), code, message)
            await self._outbox.send(self._finished, unless=lambda: self._generation != generation)

    async def send_again(self) -> None:
        """Sends what was not played to a caller who is back, as a reply of its own; a piece played in part whole.

        Reports of its playback count from the first piece that is sent again.
        """
        if not self._begun:
            return
        self.reply_id, start, self._offset_ms = new_id(), 0.0, self.ledger.heard_ms
        self._generation += 1
        missed: list[ToCaller] = [ReplyStarted(self.reply_id, self.turn_id)]
        if self.text:
            missed.append(ReplyText(self.reply_id, self.text))
        for piece in self._kept:
            end = start + piece.samples.size / piece.sample_rate * 1000
            if end > self.ledger.heard_ms:
                self._offset_ms = min(self._offset_ms, start)
                missed.append(replace(piece, reply_id=self.reply_id))
            start = end
        if self._finished is not None:
            missed.append(replace(self._finished, reply_id=self.reply_id))
        self._ends_at = self._now() + (self.ledger.total_ms - self._offset_ms) / 1000
        self.paused = False
        self._playing().again(self._clock, _samples(self._offset_ms))
        for event in missed:
            await self._outbox.send(event, unless=self._is_stopped, again=True)

    def _is_stopped(self) -> bool:
        return self.stopped


def _samples(ms: float) -> int:
    return round(ms * SAMPLE_RATE / 1000)
