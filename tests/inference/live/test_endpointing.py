"""Endpointing and open ends: what ends a turn, and what asks for more silence."""

from __future__ import annotations

import pytest

from db.turns.live_values import Eagerness, TurnTaking
from inference.live.endpointing import PATIENCE, patience_of, silence_needed
from inference.live.open_ends import open_ends

ENGLISH = open_ends("en")
ORDER = (Eagerness.LOW, Eagerness.AUTO, Eagerness.HIGH)


def needed(*scores: float, text: str = "I want to cancel my contract.", **options: object) -> float:
    return silence_needed(scores, text, ends=ENGLISH, **options)  # type: ignore[arg-type]


def test_the_more_complete_a_turn_sounds_the_sooner_it_ends() -> None:
    waits = [needed(score) for score in (0.99, 0.96, 0.6, 0.1)]
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]


def test_two_looks_are_averaged() -> None:
    assert needed(0.0, 0.99) == needed(0.495)
    assert needed(0.0, 0.98, 1.0) == needed(0.99)


def test_without_a_score_yet_the_turn_is_taken_for_incomplete() -> None:
    assert needed() == needed(0.0)


@pytest.mark.parametrize("text", ["my number is 555", "five five five", "It's 4 7 2, 9", "AC-20417"])
def test_a_number_may_go_on(text: str) -> None:
    assert needed(0.99, text=text) >= PATIENCE[Eagerness.AUTO].open_number


@pytest.mark.parametrize("text", ["I need to change my", "yes and", "The street is,", "well, um", "it was the ..."])
def test_open_words_ask_for_more(text: str) -> None:
    assert needed(0.99, text=text) >= PATIENCE[Eagerness.AUTO].open_words


@pytest.mark.parametrize("text", ["Yes.", "no", "No, thank you.", "OK. Thanks!"])
def test_a_short_answer_is_complete_however_it_sounds(text: str) -> None:
    assert needed(0.3, text=text) == PATIENCE[Eagerness.AUTO].answer


@pytest.mark.parametrize("text", ["No, I want", "yes and", "Yes,", "no " * 9, ""])
def test_an_answer_that_goes_on_is_none(text: str) -> None:
    assert needed(0.3, text=text) > PATIENCE[Eagerness.AUTO].answer


@pytest.mark.parametrize("text", ["W", "It's A, B,", "J. G. 1. K", "W-P"])
def test_a_reference_that_is_spelled_may_go_on(text: str) -> None:
    assert needed(0.99, text=text) >= PATIENCE[Eagerness.AUTO].open_number


def test_until_the_digits_that_were_asked_for_are_complete_the_number_is_open_even_if_misheard() -> None:
    assert needed(0.99, text="And tree.", expected_digits={8}) == PATIENCE[Eagerness.AUTO].open_number


def test_as_many_digits_as_were_asked_for_end_the_turn() -> None:
    asked = {5}
    assert needed(0.1, text="it is 20417", expected_digits=asked) == PATIENCE[Eagerness.AUTO].complete_number
    assert needed(0.1, text="it is 2041", expected_digits=asked) >= PATIENCE[Eagerness.AUTO].open_number


def test_eagerness_scales_the_waits() -> None:
    low, auto, high = (needed(0.6, patience=PATIENCE[each]) for each in ORDER)
    assert low > auto > high


def test_no_wait_is_longer_than_the_longest() -> None:
    for text in ("fine", "and", "555"):
        assert needed(0.0, text=text, patience=PATIENCE[Eagerness.LOW]) <= PATIENCE[Eagerness.LOW].longest


@pytest.mark.parametrize(("text", "expected"), [("fine", ()), ("and", ()), ("555", ()), ("555", (3,))])
def test_the_longest_silence_of_a_call_ends_any_turn(text: str, expected: tuple[int, ...]) -> None:
    patience = patience_of(TurnTaking(eagerness=Eagerness.LOW, max_silence_ms=400))
    assert needed(0.0, text=text, patience=patience, expected_digits=expected) == 0.4


@pytest.mark.parametrize("text", ["fine.", "555"])
def test_silence_ends_no_turn_that_the_client_commits(text: str) -> None:
    patience = patience_of(TurnTaking(eagerness=Eagerness.MANUAL, max_silence_ms=400))
    assert needed(0.99, text=text, patience=patience, expected_digits={3}) == float("inf")


@pytest.mark.parametrize(
    ("language", "text", "digits"),
    [
        ("en", "my number is 555-013", 6),
        ("en", "two oh four one seven", 5),
        ("en", "I have 2 phones", 0),
        ("es", "es el cuatro siete 29", 4),
        ("de", "null eins zwo", 3),
        ("fr", "zéro un deux", 3),
        ("hi", "शून्य एक", 2),
        ("xx", "un dos 3", 1),
        ("en", "", 0),
    ],
)
def test_trailing_digits(language: str, text: str, digits: int) -> None:
    assert open_ends(language).trailing_digits(text) == digits


@pytest.mark.parametrize(
    ("language", "text", "is_open"),
    [("es", "quiero cambiar mi", True), ("es", "quiero cancelar", False), ("de", "ich möchte und", True),
     ("fr", "je voudrais changer mon", True), ("hi", "मेरा", True), ("en", "no", False), ("en", "", False)],
)  # fmt: skip
def test_open_words_of_each_language(language: str, text: str, is_open: bool) -> None:
    assert open_ends(language).is_open(text) is is_open
