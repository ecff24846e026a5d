"""Alignment of written text with the pieces of its spoken form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.engines.synthesizer_base import split_into_pieces
from inference.text.alignment import written_parts
from inference.text.normalization.normalizer import spoken_form
from tests.waiting import bounded_work


@pytest.mark.parametrize(
    ("written", "spoken", "parts"),
    [
        ("Hello there, friend.", ["Hello there,", "friend."], ["Hello there, ", "friend."]),
        (
            "Your bill of $12.50 is due now.",
            ["Your bill of", "twelve dollars and fifty cents", "is due now."],
            ["Your bill of ", "$12.50 ", "is due now."],
        ),
        # cut in the middle of a number: it belongs to the piece in which it ends
        (
            "You owe $12.50, sir, today.",
            ["You owe twelve dollars", "and fifty cents, sir,", "today."],
            ["You owe ", "$12.50, sir, ", "today."],
        ),
        ("😀 Good day “to you” all.", ["Good day", "to you all."], ["😀 Good day ", "“to you” all."]),
        ("はい、お手伝いします。", ["はい、", "お手伝いします。"], ["はい、", "お手伝いします。"]),
        ("...", [], []),
        ("Hi.", ["Hi."], ["Hi."]),
    ],
)
def test_parts(written: str, spoken: list[str], parts: list[str]) -> None:
    assert written_parts(written, spoken) == parts


@given(st.text(max_size=600), st.sampled_from(["en", "de", "es", "fr", "ja"]))
def test_parts_joined_are_the_text(text: str, language: str) -> None:
    pieces = split_into_pieces(spoken_form(text, language))
    parts = written_parts(text, pieces)
    assert len(parts) == len(pieces)
    assert "".join(parts) == (text if pieces else "")


@pytest.mark.parametrize("text", ["a " * 9_000, "a b " * 4_000, "1 " * 5_000, "x" * 20_000, "你好" * 9_000])
def test_a_hostile_text_is_aligned_in_bounded_time(text: str) -> None:
    pieces = [text[: len(text) // 2], text[len(text) // 2 :]]
    with bounded_work():
        assert "".join(written_parts(text, pieces)) == text
