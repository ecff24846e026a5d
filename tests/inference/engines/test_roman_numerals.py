"""Names behind a king's name or "Mark" are spoken without a numeral, by hibari's own conversion to phonemes."""

from __future__ import annotations

import pytest

from inference.engines.roman_numerals import without_empty_numerals


@pytest.mark.parametrize("name", ["Peter Collins", "George Ivanov", "Mark Lewis", "Charles Clark", "John Paul Xavier"])
def test_a_surname_is_no_roman_numeral(name: str) -> None:
    normalize = pytest.importorskip("hibari.g2p.normalize").normalize
    wrong, right = (normalize(f"I am {each}.") for each in (name, without_empty_numerals(name)))
    assert "zero" in wrong or "0" in wrong  # else hibari was mended, and this can go
    assert right.casefold() == f"i am {name}.".casefold()


@pytest.mark.parametrize("text", ["Henry VIII", "Chapter IV", "Peter I came", "Paula Collins", "Peter Miller"])
def test_other_words_and_numerals_stay(text: str) -> None:
    assert without_empty_numerals(text) == text
