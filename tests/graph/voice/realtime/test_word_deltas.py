"""Words that a client appends while the earlier ones may still change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from graph.voice.realtime.word_deltas import fresh_words, plain_word


def shown(*partials: str) -> str:
    """What a client has appended after these partial transcripts."""
    told: list[str] = []
    for partial in partials:
        fresh: Sequence[str] = fresh_words(told, partial.split())
        told += fresh
    return " ".join(told)


def test_new_words_are_appended() -> None:
    assert shown("my", "my bill", "my bill is wrong") == "my bill is wrong"


def test_case_and_punctuation_are_no_change() -> None:
    assert shown("my bill.", "My bill, is", "my bill is wrong") == "my bill. is wrong"
    assert plain_word("Bill,") == "bill"


@pytest.mark.parametrize(
    ("before", "after", "appended"),
    [
        ("D invention of", "The invention of movable metal", "D invention of movable metal"),
        ("the invention off", "the invention of movable", "the invention off movable"),
        ("in vention of", "invention of movable", "in vention of movable"),
        ("cannot pay", "can not pay my bill", "cannot pay my bill"),
        ("one two three", "one two", "one two three"),
        ("a b c", "x y z w", "a b c w"),
    ],
)
def test_a_word_that_changed_keeps_nothing_back(before: str, after: str, appended: str) -> None:
    assert shown(before, after) == appended


def test_the_same_words_again_are_not_appended() -> None:
    assert shown("my bill is wrong", "my bill is wrong") == "my bill is wrong"
    assert shown("my bill is wrong", "") == "my bill is wrong"


def test_long_transcripts_are_aligned_by_their_last_words() -> None:
    words = [f"w{number}" for number in range(1_000)]
    changed = ["another", *words[1:], "more"]
    assert fresh_words(words, changed) == ["more"]


def test_repeated_words_are_told_once() -> None:
    assert shown("no", "no no", "no no no", "no no no wait") == "no no no wait"
