"""How a sentence is cut into pieces for a model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inference.engines.speaking import FIRST_PIECE, PIECE, pieces


def test_a_short_sentence_is_one_piece() -> None:
    assert pieces("Your bill is due on Monday, thank you.") == ["Your bill is due on Monday, thank you."]


def test_a_long_sentence_is_cut_behind_clauses_and_the_first_is_short() -> None:
    text = "Thank you for calling, " + "and I can help you with that, " * 12 + "so tell me."
    cut = pieces(text)
    assert len(cut[0]) <= FIRST_PIECE
    assert all(piece.endswith((",", ".")) for piece in cut)
    assert " ".join(cut) == text


def test_no_cut_within_a_title_or_a_time() -> None:
    cut = pieces(
        "We open at nine A.M. on the days when Doctor J. Smith is there and nobody else has asked for an hour with him"
    )
    assert not any(piece.endswith(("A.M.", "J.")) for piece in cut)


@given(st.text(max_size=2000))
def test_pieces_are_bounded_and_lose_no_word(text: str) -> None:
    cut = pieces(text)
    assert all(len(piece) <= PIECE * 4 // 3 for piece in cut)
    said = [c for piece in cut for c in piece if c.isalnum()]
    assert said == [c for c in text if c.isalnum()]


@given(st.integers(500, 3000))
def test_a_word_without_end_is_cut_too(length: int) -> None:
    assert sum(map(len, pieces("x" * length))) == length
