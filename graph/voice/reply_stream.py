"""A reply's audio on its way to the client: converted in slices when they are sent, and kept for a while after."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

from graph.voice.audio_format import AudioFormat, OutputStream, Samples

#: Milliseconds of audio in one delta.
SLICE_MS = 100.0

#: Audio that was sent is kept so long, to send it again from where a client stopped.
_KEPT_MS = 8_000.0


@dataclass(frozen=True, slots=True)
class _Sent:
    start_ms: float
    data: bytes


class ReplyStream:
    """The audio and text of one reply. Positions are milliseconds of its audio.

    ``text``: so far. ``sent_ms``: handed out by ``next_slice``. ``given_ms``: handed in by ``add``.
    """

    def __init__(self, target: AudioFormat) -> None:
        self._target = target
        self._output = OutputStream(target)
        self._pieces: deque[tuple[Samples, int]] = deque()
        self._again: deque[bytes] = deque()
        self._converted = bytearray()
        self._recent: deque[_Sent] = deque()
        #: Start of each piece in the audio, and of its text in ``text``.
        self._starts: list[tuple[float, int]] = []
        self.text = ""
        self.sent_ms = 0.0
        self.given_ms = 0.0

    @property
    def waiting_ms(self) -> float:
        """Audio that was not handed out."""
        return sum(samples.size / rate for samples, rate in self._pieces) * 1e3

    @property
    def has_more(self) -> bool:
        return bool(self._again or self._pieces or self._converted)

    def add(self, samples: Samples, rate: int, text: str) -> None:
        start = self.text.find(text, self._starts[-1][1] if self._starts else 0) if text else -1
        if start >= 0:
            self._starts.append((self.given_ms, start))
        self.given_ms += samples.size / rate * 1e3
        self._pieces.append((samples, rate))

    def next_slice(self, *, complete: bool) -> bytes:
        """The next audio in the client's format; empty if there is none yet. ``complete``: no more will be added."""
        data = self._again.popleft() if self._again else self._fresh(complete=complete)
        if data:
            self._recent.append(_Sent(self.sent_ms, data))
            self.sent_ms += self._target.milliseconds(len(data))
            while self._recent[0].start_ms < self.sent_ms - _KEPT_MS:
                self._recent.popleft()
        return data

    def _fresh(self, *, complete: bool) -> bytes:
        wanted = self._target.size(SLICE_MS)
        while len(self._converted) < wanted and self._pieces:
            samples, rate = self._pieces.popleft()
            most = max(1, int(SLICE_MS * rate / 1e3))
            if samples.size > most:
                self._pieces.appendleft((samples[most:], rate))
            self._converted += self._output.convert(samples[:most], rate)
        if complete and not self._pieces:
            self._converted += self._output.flush()
        data = bytes(self._converted[:wanted])
        del self._converted[:wanted]
        return data

    def milliseconds(self, data: bytes) -> float:
        return self._target.milliseconds(len(data))

    def rewind(self, ms: float) -> None:
        """Hands out again what follows ``ms``, as far as it is kept."""
        again: deque[bytes] = deque()
        while self._recent:
            last = self._recent.pop()
            skipped = self._target.size(max(0.0, ms - last.start_ms))
            if skipped < len(last.data):
                again.appendleft(last.data[skipped:])
                self.sent_ms = max(ms, last.start_ms)
            if last.start_ms <= ms:
                break
        self._again.extendleft(reversed(again))

    def drop(self) -> None:
        """Hands out nothing more."""
        self._pieces.clear()
        self._again.clear()
        self._converted.clear()
        self._output = OutputStream(self._target)

    def text_from(self, ms: float) -> str:
        """The text from the piece that is spoken at ``ms``."""
        index = bisect_right(self._starts, ms, key=lambda start: start[0])
        return self.text[self._starts[index - 1][1] :] if index else self.text
