"""Both sides of a call on its clock, as audio that is written a little behind it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from inference.audio.opus import PACKET, Stereo
from inference.audio.wav import resample
from inference.live.reply_track import Fragment, Piece, ReplyTrack
from inference.ports import SAMPLE_RATE, Samples

#: Samples of a stretch, and how long one waits for reports of playback, which may correct it.
_STRETCH = SAMPLE_RATE
_BEHIND = 2 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Stretch:
    """About 1 s of a call, from ``at`` (samples at 16 kHz). ``caller``: frames; ``size``: samples in all."""

    at: int
    size: int
    caller: Sequence[Samples]
    assistant: Sequence[Fragment]


class CallTape:
    """Used by the call's task and those of its turns, on one event loop.

    ``records``: False for a call that is not recorded: nothing is kept. ``recorded_ms``: what is stored already, by
    another process. ``emit``: called with each stretch, in order.
    """

    def __init__(self, emit: Callable[[Stretch], None], *, records: bool, recorded_ms: int = 0) -> None:
        self.records = records
        self._emit = emit
        self._stored = recorded_ms * SAMPLE_RATE // 1000
        self._frames: deque[Samples] = deque()
        self._begun = False
        self._at = self._end = 0
        self._tracks: dict[ReplyTrack, None] = {}

    def heard(self, seconds: float, frame: Samples) -> None:
        """The caller's next audio, from ``seconds`` of the call on."""
        if not self.records:
            return
        at = round(seconds * SAMPLE_RATE)
        if not self._begun:
            self._begun = True
            self._at = self._end = max(self._stored, at // PACKET * PACKET)
        if at > self._end:
            self._add(np.zeros(at - self._end, np.float32))
        if at + frame.size > self._end:
            self._add(frame[self._end - at :])
        while self._end - self._at >= _BEHIND + _STRETCH:
            self._write(_STRETCH)

    def _add(self, samples: Samples) -> None:
        self._frames.append(samples)
        self._end += samples.size

    def play(self, track: ReplyTrack) -> None:
        """The reply plays, or is going to."""
        if self.records and track not in self._tracks:
            track.written = self._at
            self._tracks[track] = None

    def flush(self, *, last: bool = False) -> None:
        """Emits all that there is, but for less than 20 ms of it, which waits. ``last``: that too, filled up."""
        if last and self._frames:
            # One packet more: an encoder is 6.5 ms behind what it is given.
            self._add(np.zeros(-(self._end - self._at) % PACKET + PACKET, np.float32))
        while self._end - self._at >= PACKET:
            self._write(min(_STRETCH, (self._end - self._at) // PACKET * PACKET))

    def _write(self, size: int) -> None:
        frames: list[Samples] = []
        missing = size
        while missing:
            frame = self._frames.popleft()
            if frame.size > missing:
                self._frames.appendleft(frame[missing:])
                frame = frame[:missing]
            frames.append(frame)
            missing -= frame.size
        end = self._at + size
        fragments = [each for track in self._tracks for each in track.write(end)]
        self._emit(Stretch(self._at, size, frames, fragments))
        self._at = end
        self._tracks = {track: None for track in self._tracks if not track.over}


class Mixer:
    """Makes stereo audio of stretches, in order: the caller left, the assistant right. One thread at a time."""

    def __init__(self) -> None:
        self._last: tuple[Piece, Samples] | None = None

    def mix(self, stretch: Stretch) -> Stereo:
        """Shape (size, 2), 16 kHz."""
        sound = np.zeros((stretch.size, 2), np.float32)
        sound[:, 0] = np.concatenate(stretch.caller)
        for each in stretch.assistant:
            samples = self._at_16k(each.piece)[each.start : each.end]
            start = each.at - stretch.at
            sound[start : start + samples.size, 1] += samples
        return sound

    def _at_16k(self, piece: Piece) -> Samples:
        """The whole piece resampled, which many stretches may have a part of."""
        if self._last is None or self._last[0] is not piece:
            self._last = (piece, resample(piece.samples, piece.rate, SAMPLE_RATE))
        return self._last[1]
