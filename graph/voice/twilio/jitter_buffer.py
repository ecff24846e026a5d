"""Jitter buffer: puts a phone line's audio in order, and silence where some of it was lost.

Audio that comes in order passes at once. Behind a gap it waits for what is missing, until ``_MOST_WAITING`` messages
wait (100 ms of Twilio's); then what is missing is lost, and dropped if it comes after all.
"""

from __future__ import annotations

from graph.voice.twilio.messages import Media

_MOST_WAITING = 5

#: The longest silence for one gap: after a second without audio, the call assumes silence itself.
_MOST_SILENCE_MS = 1_000

#: Less than one message is the jitter of timestamps.
_LEAST_SILENCE_MS = 20

_BYTES_PER_MS = 8
_SILENT = b"\xff"


class JitterBuffer:
    """``lost``: messages that never came in time. ``late``: that came too late, or twice."""

    def __init__(self) -> None:
        self._next_chunk = 1
        self._ends_ms: int | None = None
        self._waiting: dict[int, Media] = {}
        self.lost = 0
        self.late = 0

    def add(self, media: Media) -> bytes:
        """The audio that is in order now, µ-law; b"" if some is missing."""
        if media.chunk < self._next_chunk or media.chunk in self._waiting:
            self.late += 1
            return b""
        self._waiting[media.chunk] = media
        audio = self._in_order()
        if len(self._waiting) >= _MOST_WAITING:
            audio += self._skip()
        return audio

    def flush(self) -> bytes:
        """The audio that waits for what is missing, when no more comes."""
        audio = b""
        while self._waiting:
            audio += self._skip()
        return audio

    def _skip(self) -> bytes:
        """Gives up what is missing before the next audio."""
        first = min(self._waiting)
        self.lost += first - self._next_chunk
        self._next_chunk = first
        return self._in_order()

    def _in_order(self) -> bytes:
        audio = b""
        while (media := self._waiting.pop(self._next_chunk, None)) is not None:
            self._next_chunk += 1
            audio += self._silence_before(media) + media.audio
            self._ends_ms = media.at_ms + len(media.audio) // _BYTES_PER_MS
        return audio

    def _silence_before(self, media: Media) -> bytes:
        gap_ms = 0 if self._ends_ms is None else media.at_ms - self._ends_ms
        return _SILENT * (min(gap_ms, _MOST_SILENCE_MS) * _BYTES_PER_MS) if gap_ms >= _LEAST_SILENCE_MS else b""
