"""Endpointing: how much silence ends a caller's turn, by how it sounded and by its last words.

A fixed timeout either cuts callers off in a pause or answers late. Here the silence that is waited for is graded by a
turn model's score (``inference.live.turn_score``), and longer while the words are open: a number that may go on, a
conjunction, a hesitation. It is decided anew at each look at the silence, so a caller who goes on is not cut off by a
score that was wrong once: the scores of the last two looks are averaged.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from db.turns.live_values import Eagerness, TurnTaking
from inference.live.open_ends import OpenEnds

#: Seconds of silence at which the turn model is asked.
LOOKS = (0.2, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds of silence that end a turn.

    ``grades``: pairs of least score and silence, highest score first; the last score is 0. ``open_number`` and
    ``open_words``: the least silence after words that ask for more. ``complete_number``: the silence after a number
    with as many digits as were asked for. ``answer``: the most after a short answer ("yes"). ``longest``: the silence
    that ends any turn.
    """

    grades: tuple[tuple[float, float], ...] = ((0.98, 0.45), (0.95, 0.55), (0.2, 0.9), (0.0, 1.1))
    open_number: float = 1.3
    open_words: float = 1.0
    complete_number: float = 0.5
    answer: float = 0.5
    longest: float = 3.0

    def stretched(self, factor: float) -> Patience:
        """The same with all waits multiplied."""
        return replace(
            self,
            grades=tuple((score, seconds * factor) for score, seconds in self.grades),
            open_number=self.open_number * factor,
            open_words=self.open_words * factor,
            complete_number=self.complete_number * factor,
            answer=self.answer * factor,
        )


PATIENCE = {
    Eagerness.LOW: Patience().stretched(1.6),
    Eagerness.AUTO: Patience(),
    Eagerness.HIGH: Patience().stretched(0.7),
    Eagerness.MANUAL: replace(Patience().stretched(math.inf), longest=math.inf),
}


def patience_of(taking: TurnTaking) -> Patience:
    """The patience of a call's settings. ``Eagerness.MANUAL`` ends no turn by silence."""
    patience = PATIENCE[taking.eagerness]
    if taking.eagerness is Eagerness.MANUAL or taking.max_silence_ms is None:
        return patience
    return replace(patience, longest=taking.max_silence_ms / 1000)


def silence_needed(
    scores: Sequence[float],
    text: str,
    *,
    ends: OpenEnds,
    patience: Patience = PATIENCE[Eagerness.AUTO],
    expected_digits: Collection[int] = (),
) -> float:
    """Seconds of silence after which the turn has ended, by what is known now.

    ``scores``: the turn model's, 0..1, one for each look of this silence; none if it was not asked yet. ``text``: the
    words of the turn so far. ``expected_digits``: how many digits the caller was asked for; empty if for none. Until
    they are complete the number is open, whatever was recognised: digits are misheard as words.
    """
    digits = ends.trailing_digits(text)
    if digits in expected_digits:
        return min(patience.complete_number, patience.longest)
    score = sum(scores[-2:]) / len(scores[-2:]) if scores else 0.0
    wait = next(seconds for least, seconds in patience.grades if score >= least)
    if digits or expected_digits or ends.is_spelled(text):
        wait = max(wait, patience.open_number)
    elif ends.is_open(text):
        wait = max(wait, patience.open_words)
    elif ends.is_answer(text):
        wait = min(wait, patience.answer)
    return min(wait, patience.longest)
