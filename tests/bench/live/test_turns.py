"""Delays of partial words: what was shown is matched with what was said."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.live.clips import Clip
from tests.bench.live.turns import word_delays

_WORDS = (("my", 0.2), ("bill", 0.6), ("is", 0.9), ("wrong", 1.4))
_CLIP = Clip("bill", np.zeros(24_000, np.float32), _WORDS, 0.0, 1.4)


def test_each_word_is_late_by_the_time_from_its_end_to_the_piece_that_has_it() -> None:
    pieces = [(10.5, "My bill"), (11.2, " is"), (11.5, " wrong.")]

    assert word_delays(_CLIP, 10.0, pieces) == pytest.approx([0.3, 0.0, 0.3, 0.1])


def test_a_wrong_word_costs_itself_only() -> None:
    pieces = [(10.5, "my oh"), (11.0, " is wrong")]

    assert word_delays(_CLIP, 10.0, pieces) == [pytest.approx(0.3), None, pytest.approx(0.1), 0.0]


def test_words_that_were_never_shown_have_no_delay() -> None:
    assert word_delays(_CLIP, 10.0, []) == [None] * 4
