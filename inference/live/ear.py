"""The ear: one caller's audio, frame by frame, becomes speech, pauses and ends of turns.

Speech begins at a probability of 0.5 in three frames running (96 ms: a click is no turn) and pauses after three frames
below 0.35 (hysteresis). Whether a pause ends the turn is for ``inference.live.endpointing``; the models that it needs
are run by the caller of this class, on a thread of their own, which then reports scores and words.

All times are seconds of the caller's audio, not of a clock.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inference.audio.vad import FRAME
from inference.live.endpointing import LOOKS, Patience, silence_needed
from inference.live.open_ends import OpenEnds
from inference.ports import SAMPLE_RATE, Samples

FRAME_SECONDS = FRAME / SAMPLE_RATE
_ONSET, _OFFSET = 0.5, 0.35
_ONSET_FRAMES, _OFFSET_FRAMES = 3, 3

#: Audio kept from before the first speech: quiet consonants.
_LEAD = round(0.3 * SAMPLE_RATE)

#: A turn longer than this is ended at its next silent frame, and at the second in the middle of speech: voices in the
#: background or a radio may never pause.
_LONGEST_TURN_SECONDS, _MOST_TURN_SECONDS = 120.0, 150.0


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The first speech of a turn."""

    at: float


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    at: float


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    at: float


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """``samples``: the turn's audio with 0.3 s before its first speech. ``silence``: seconds that ended it."""

    at: float
    samples: Samples
    silence: float
    scores: tuple[float, ...]


EarEvent = SpeechStarted | SpeechPaused | SpeechResumed | TurnEnded


class SpeechProbability(Protocol):
    """Voice activity of one caller (``inference.audio.vad.SpeechStream``)."""

    def feed(self, frame: Samples) -> float:
        """How likely the next frame is speech, 0..1. ``frame``: 512 samples at 16 kHz."""
        ...


class Ear:
    """The state of one caller. Not thread-safe; a frame takes about 0.2 ms.

    ``patience``: of the call's settings (``endpointing.patience_of``); may be set at any time.
    """

    def __init__(self, stream: SpeechProbability, ends: OpenEnds, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._stream = stream
        self._ends = ends
        self._expected: Collection[int] = ()
        self._frames: list[Samples] = []
        self._now = 0.0
        self._speaking = self._in_turn = False
        self._loud = self._quiet = 0
        self._scores: list[float] = []
        self._asked = 0
        self._text, self._text_is_stale = "", False

    @property
    def in_turn(self) -> bool:
        """Whether the caller has begun a turn that has not ended."""
        return self._in_turn

    @property
    def speaking(self) -> bool:
        return self._speaking

    @property
    def samples(self) -> Samples:
        """The audio of the turn so far; outside a turn, what is kept for its beginning."""
        return np.concatenate(self._frames) if self._frames else np.zeros(0, np.float32)

    def expect_digits(self, counts: Collection[int]) -> None:
        """Says how many digits the assistant asked for; empty for none."""
        self._expected = counts

    def hear_words(self, text: str) -> None:
        """Reports the words of the turn so far."""
        self._text, self._text_is_stale = text, False

    def add_score(self, score: float) -> None:
        """Reports the turn model's score for the present pause; without effect when the caller has gone on."""
        if self._in_turn and not self._speaking:
            self._scores.append(score)

    def look_due(self) -> bool:
        """Whether the turn model is to be asked now about ``samples``; True once for each look at a pause."""
        if not self._in_turn or self._speaking or self._asked >= len(LOOKS):
            return False
        if self._quiet * FRAME_SECONDS < LOOKS[self._asked] - FRAME_SECONDS / 2:
            return False
        self._asked += 1
        return True

    def end_turn(self) -> TurnEnded | None:
        """Ends the caller's turn now, for clients that commit the audio themselves; None outside a turn."""
        if not self._in_turn:
            return None
        silence = 0.0 if self._speaking else self._quiet * FRAME_SECONDS
        ended = TurnEnded(self._now, self.samples, silence, tuple(self._scores))
        self.forget_turn()
        return ended

    def forget_turn(self) -> None:
        """Drops the audio of the turn that has not ended; speech that goes on begins another."""
        self._in_turn = self._speaking = False
        self._loud = self._quiet = self._asked = 0
        self._text, self._text_is_stale = "", False
        self._scores.clear()
        del self._frames[:-1]

    def feed(self, frame: Samples) -> list[EarEvent]:
        """Takes the next 512 samples at 16 kHz; returns what happened in them."""
        probability = self._stream.feed(frame)
        self._now += FRAME_SECONDS
        self._keep(frame)
        if probability >= (_OFFSET if self._speaking else _ONSET):
            return self._speech()
        return self._silence()

    def _keep(self, frame: Samples) -> None:
        self._frames.append(frame)
        if not self._in_turn and not self._loud:
            most = -(-_LEAD // FRAME)
            del self._frames[: max(0, len(self._frames) - most)]

    def _speech(self) -> list[EarEvent]:
        self._loud += 1
        if self._speaking:
            self._quiet = 0
            return self._finished() if self._seconds > _MOST_TURN_SECONDS else []
        if self._loud < _ONSET_FRAMES:
            self._quiet += 1  # it is not speech yet, and the pause goes on
            return []
        began = self._now - self._loud * FRAME_SECONDS
        self._speaking, self._quiet, self._asked = True, 0, 0
        self._scores.clear()
        if self._in_turn:
            self._text_is_stale = True
            return [SpeechResumed(began)]
        self._in_turn = True
        return [SpeechStarted(began)]

    def _silence(self) -> list[EarEvent]:
        self._loud = 0
        self._quiet += 1
        if self._speaking:
            if self._quiet < _OFFSET_FRAMES:
                return []
            self._speaking = False
            return [SpeechPaused(self._now - self._quiet * FRAME_SECONDS)]
        return self._ended()

    def _ended(self) -> list[EarEvent]:
        if not self._in_turn:
            return []
        silence = self._quiet * FRAME_SECONDS
        if self._asked and not self._scores:  # the turn model is at work: its first answer decides
            waited = self.patience.longest
        else:
            waited = self._needed(self._text)
            if self._text_is_stale:  # what was said since is not known: the words may ask for more, not for less
                waited = max(waited, self._needed(""))
        if silence < waited and self._seconds <= _LONGEST_TURN_SECONDS:
            return []
        return self._finished()

    def _needed(self, text: str) -> float:
        return silence_needed(
            self._scores, text, ends=self._ends, patience=self.patience, expected_digits=self._expected
        )

    def _finished(self) -> list[EarEvent]:
        ended = self.end_turn()
        return [ended] if ended else []

    @property
    def _seconds(self) -> float:
        """Seconds of audio that are held."""
        return len(self._frames) * FRAME_SECONDS
