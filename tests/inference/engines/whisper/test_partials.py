"""Local agreement: which partial words are kept, and how a later window is joined to them."""

from __future__ import annotations

import pytest

from inference.engines.whisper.partials import LocalAgreement


def test_words_stay_once_two_hypotheses_agree() -> None:
    words = LocalAgreement()
    assert words.add("My bell", whole=True) == "My bell"
    assert words.add("my bill is", whole=True) == "my bill is"
    assert words.add("My bill is wrong", whole=True) == "my bill is wrong"  # "my" is kept as it was agreed
    assert words.add("Why pill is strong and", whole=True) == "my bill is strong and"


def test_a_shorter_hypothesis_takes_no_kept_word_back() -> None:
    words = LocalAgreement()
    for _ in range(2):
        words.add("one two three", whole=True)
    assert words.add("one", whole=True) == "one two three"


@pytest.mark.parametrize(
    ("window", "joined"),
    [
        ("three, four. Five six", "one two three four Five six"),
        ("four five", "one two three four five"),
        ("nothing of it", "one two three four"),
        ("", "one two three four"),
    ],
)
def test_a_window_that_begins_later_is_joined_at_the_kept_words(window: str, joined: str) -> None:
    words = LocalAgreement()
    for _ in range(2):
        words.add("one two three four", whole=True)
    assert words.add(window, whole=False) == joined
