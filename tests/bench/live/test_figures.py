"""Which turns of two servers are compared."""

from __future__ import annotations

from tests.bench.live.figures import Comparison, pairs
from tests.bench.live.report import _comparison


def test_only_turns_that_both_answered_after_the_last_word_are_compared() -> None:
    found = Comparison(
        clips=["a", "b", "c", "d"],
        ours=[0.6, 0.7, None, 0.8],
        theirs=[1.2, 0.2, 1.0, 1.6],
        our_early=[False] * 4,
        their_early=[False, True, False, False],
    )

    assert pairs(found) == [("a", 0.6, 1.2), ("d", 0.8, 1.6)]
    assert "| all | 4 | 0 | 1 | 600 | 1200 | 0.50 |" in _comparison(found)
    assert "not answered: VoxLoom 1, Pipecat 0" in _comparison(found)
