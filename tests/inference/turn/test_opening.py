"""The opening of a live reply: short, early, and spoken as it would be within its sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.text.normalization.normalizer import spoken_form
from inference.turn.opening import ENOUGH, LONGEST, opening_end
from inference.turn.sentences import SentenceSplitter


@pytest.mark.parametrize(
    ("sentence", "opening"),
    [
        ("Your current balance is forty two dollars and it is due.", "Your current balance"),
        ("Of course, I can help you with your internet contract.", "Of course,"),
        ("Sure, I can help you with that, what is your number?", "Sure, I can help"),
        ("Your balance on May 12, 2026 was nothing at all, sir.", "Your balance"),
        ("Your bill of $1,234,567.89 is due on Monday, the first.", "Your bill"),
        ("The number you want is 555 0199 223 for all such things.", "The number you want"),
        ("We moved here in 1984 and you can always come to see us.", "We moved here"),
        ("Donaudampfschifffahrtsgesellschaftskapitäne sind selten.", None),
        ("Of course, I can help you.", "Of course,"),
        ("I did not quite understand that.", None),
        ("Sure, I can help you with it.", None),
        ("I can help you with it, sure.", None),
        ("Of course, I can help.", None),
        ("もちろんです、お手伝いします。お名前と電話番号を教えていただけますか", "もちろんです、"),
    ],
)
def test_where_an_opening_ends(sentence: str, opening: str | None) -> None:
    end = opening_end(sentence, "en")
    assert (None if end is None else sentence[:end]) == opening


_WORDS = "Your bill of $12.50 is due on May 12, 2026 at 5 p.m. Dr. Smith, 1 000 € 555-0199 no. 4"
_SENTENCES = st.lists(
    st.sampled_from(_WORDS.split()),
    min_size=6,
    max_size=25,
).map(" ".join)


@given(_SENTENCES)
def test_an_opening_is_short_and_changes_no_spoken_word(sentence: str) -> None:
    end = opening_end(sentence, "en")
    if end is not None:
        assert 0 < end <= LONGEST
        window = sentence[:60]
        both = spoken_form(sentence[:end], "en") + spoken_form(window[end:], "en")
        if len(sentence) <= 60:
            assert both.replace(" ", "") == spoken_form(window, "en").replace(" ", "")


@given(st.text(max_size=300))
def test_any_text_may_be_opened(text: str) -> None:
    end = opening_end(text, "en")
    assert end is None or (0 < end <= LONGEST)


def test_the_opening_does_not_wait_for_the_end_of_the_sentence() -> None:
    splitter = SentenceSplitter(opening_in="en")
    words = ["Your", "current", "balance", "is", "forty", "two", "dollars", "and", "nineteen", "cents", ""]
    fed = 0
    for word in words:
        opened = splitter.feed(word + " ")
        fed += len(word) + 1
        if opened:
            break
    assert opened == ["Your current balance"]
    assert fed <= ENOUGH + 10


def test_a_short_first_sentence_is_not_cut_and_later_ones_neither() -> None:
    splitter = SentenceSplitter(opening_in="en")
    text = "I am sure I can do that. Your current balance is forty two dollars and nineteen cents. "
    assert [*splitter.feed(text), *splitter.flush()] == [
        "I am sure I can do that.",
        "Your current balance is forty two dollars and nineteen cents.",
    ]


@given(st.text(max_size=400), st.lists(st.integers(1, 40), max_size=30))
def test_text_is_never_lost_or_doubled(text: str, lengths: list[int]) -> None:
    splitter, cut, rest = SentenceSplitter(opening_in="en"), [], text
    for length in lengths:
        cut += splitter.feed(rest[:length])
        rest = rest[length:]
    cut += [*splitter.feed(rest), *splitter.flush()]
    assert "".join("".join(cut).split()) == "".join(text.split())
