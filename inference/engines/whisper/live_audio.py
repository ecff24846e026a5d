"""The audio of a caller's turn that is not transcribed for good yet, cut at pauses while it arrives."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inference.audio.vad import FRAME, Region, SpeechDetector, cut_at_pauses, find_speech
from inference.ports import SAMPLE_RATE, Samples

#: A pause of this many seconds ends a segment. A call reports pauses of 0.5 s, which may be a frame shorter here.
_PAUSE = 0.45

#: Seconds of speech after which a shorter pause ends a segment too, and the least that is left before that pause.
_LONG, _LONG_LEAST = 10.0, 3.0

#: Seconds of speech after which a segment ends without a pause: the most that Whisper takes.
_LONGEST = 28.0

#: Samples that are taken in at once, 0.16 s.
_BATCH = 5 * FRAME

#: Seconds kept before and after speech.
_MARGIN = 0.25


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the turn's audio with its speech, to be transcribed as a whole. Positions in the turn's samples."""

    region: Region
    samples: Samples
    speech: tuple[Region, ...]


class LiveAudio:
    """Holds what is open: the audio after the last cut. Finds speech in it, some frames at a time (0.1 ms each)."""

    def __init__(self, detector: SpeechDetector) -> None:
        self._stream = detector.stream()
        self._samples = np.zeros(0, np.float32)
        self._arrived: list[Samples] = []
        self._arrived_size = 0
        self._probabilities = np.zeros(0, np.float32)
        self._start = 0

    @property
    def start(self) -> int:
        """The position of the last cut in the turn, in samples."""
        return self._start

    @property
    def end(self) -> int:
        """All samples of the turn so far."""
        return self._start + self._samples.size + self._arrived_size

    @property
    def speech_end(self) -> int | None:
        """Where the last open speech ends, in samples of the turn; None if there is none."""
        self._take_in()
        speech = find_speech(self._probabilities)
        return self._start + speech[-1].end if speech else None

    def feed(self, samples: Samples) -> None:
        self._arrived.append(samples)
        self._arrived_size += samples.size
        if self._arrived_size >= _BATCH:
            self._take_in()

    def _take_in(self) -> None:
        self._samples = np.concatenate([self._samples, *self._arrived], dtype=np.float32)
        self._arrived.clear()
        self._arrived_size = 0
        first = self._probabilities.size * FRAME
        whole = (self._samples.size - first) // FRAME * FRAME
        if whole:
            found = self._stream.feed_frames(self._samples[first : first + whole])
            self._probabilities = np.concatenate([self._probabilities, found])

    def latest(self, seconds: float) -> Samples | None:
        """The open speech so far, at most the last ``seconds``; None if there is none."""
        self._take_in()
        speech = find_speech(self._probabilities)
        if not speech:
            return None
        begin = speech[0].start - round(_MARGIN * SAMPLE_RATE)
        return self._samples[max(0, begin, self._samples.size - round(seconds * SAMPLE_RATE)) :]

    def pieces(self) -> list[Piece]:
        """All open speech."""
        self._take_in()
        return self._pieces_before(self._samples.size)

    def cut(self) -> tuple[list[Piece], bool]:
        """Closes what can be closed, and returns its pieces, and whether that is all speech so far."""
        self._take_in()
        speech = find_speech(self._probabilities)
        if not speech:  # keeps what may be the beginning of a word
            self._drop(max(0, self._samples.size - round(_MARGIN * SAMPLE_RATE)))
            return [], True
        at = _cut(speech, self._probabilities)
        if at is None:
            return [], False
        pieces = self._pieces_before(at)
        self._drop(at)
        return pieces, at >= speech[-1].end

    def _pieces_before(self, at: int) -> list[Piece]:
        probabilities = self._probabilities[: -(-at // FRAME)]
        speech = find_speech(probabilities)
        return [
            Piece(
                Region(self._start + each.start, self._start + each.end),
                self._samples[each.start : each.end].copy(),
                tuple(Region(self._start + one.start, self._start + one.end) for one in speech),
            )
            for each in cut_at_pauses(probabilities, min(at, self._samples.size), max_seconds=_LONGEST)
        ]

    def _drop(self, at: int) -> None:
        whole = min(at // FRAME, self._probabilities.size)
        self._samples = self._samples[whole * FRAME :]
        self._probabilities = self._probabilities[whole:]
        self._start += whole * FRAME


def _cut(speech: list[Region], probabilities: NDArray[np.float32]) -> int | None:
    """The sample before which a segment can be closed."""
    now = probabilities.size * FRAME
    if now - speech[-1].end >= _PAUSE * SAMPLE_RATE:
        return speech[-1].end + round(_MARGIN * SAMPLE_RATE)
    gaps = [(one.end, other.start) for one, other in pairwise(speech)]
    long = [gap for gap in gaps if gap[1] - gap[0] >= _PAUSE * SAMPLE_RATE]
    if long:
        return sum(long[-1]) // 2
    spoken = now - speech[0].start
    if spoken >= _LONG * SAMPLE_RATE:
        late = [gap for gap in gaps if gap[0] - speech[0].start >= _LONG_LEAST * SAMPLE_RATE]
        if late:
            _, end, start = max((start - end, end, start) for end, start in late)
            return (end + start) // 2
    if spoken >= _LONGEST * SAMPLE_RATE:
        pieces = cut_at_pauses(probabilities, now, max_seconds=_LONGEST)
        return pieces[-2].end if len(pieces) > 1 else None
    return None
