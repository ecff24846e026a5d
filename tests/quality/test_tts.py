"""The word error rate measure of tests.quality.tts."""

from __future__ import annotations

from tests.quality.tts import errors, words_of


def test_errors() -> None:
    assert errors(["a", "b", "c"], ["a", "b", "c"]) == 0
    assert errors(["a", "b", "c"], ["a", "x", "c", "d"]) == 2
    assert errors(["a"], []) == 1


def test_the_written_and_the_transcribed_form_are_the_same_words() -> None:
    assert words_of("It is $42.50.") == words_of("It is forty-two dollars and fifty cents.")
    assert words_of("AB-7 at 9:30 am") == words_of("A B 7 at nine thirty A.M.")
