"""Values that are put right in the same utterance."""

from __future__ import annotations

import pytest

from inference.engines.scripted.mentions import merge_correction
from tests.inference.engines.scripted.mentions.reading import read


@pytest.mark.parametrize(
    ("language", "text", "wrong", "right"),
    [
        ("en", "not 12 but 14", "12", "14"),
        ("en", "14, not 12", "12", "14"),
        ("en", "the account is AC-20417, no wait, AC-20471", "AC-20417", "AC-20471"),
        ("en", "it's 14 Rose Lane not 12 Rose Lane", "12 Rose Lane", "14 Rose Lane"),
        ("en", "no longer at 12 Rose Lane, we're at 14 Elm Road", "12 Rose Lane", "14 Elm Road"),
        ("en", "Sorry, not Silver but Gold.", "Silver", "Gold"),
        ("en", "my old number 555-0100 no longer works, the new number is 555-0199", "555-0100", "555-0199"),
        ("es", "no es el 12, es el 14", "12", "14"),
        ("es", "no 12 sino 14", "12", "14"),
        ("de", "Nein, nicht Hausnummer 12, sondern 14", "12", "14"),
        ("de", "nicht KD-12, sondern KD-13", "KD-12", "KD-13"),
        ("fr", "pas 12 mais 14", "12", "14"),
        ("fr", "non, pas FR-30 mais FR-31", "FR-30", "FR-31"),
        ("hi", "12 नहीं, 14", "12", "14"),
        ("hi", "AC-11 नहीं, AC-12", "AC-11", "AC-12"),
        ("hi", "12 nahi, 14", "12", "14"),
    ],
)
def test_the_wrong_value_is_retracted(language: str, text: str, wrong: str, right: str) -> None:
    found = read(text, language)
    assert [each.value for each in found if each.retracted] == [wrong]
    assert [each.value for each in found if not each.retracted] == [right]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I don't want to cancel but to downgrade"),
        ("de", "Ich will nicht kündigen, sondern wechseln"),
        ("fr", "je ne veux pas résilier mais changer de forfait"),
    ],
)
def test_contrasted_wishes_are_no_values(language: str, text: str) -> None:
    assert read(text, language) == ()


@pytest.mark.parametrize(
    ("language", "text", "merged"),
    [
        ("en", "no, it's 14", "14 Rose Lane"),
        ("es", "no, el 14", "14 Rose Lane"),
        ("de", "nein, 14", "14 Rose Lane"),
        ("fr", "non, c'est le 14", "14 Rose Lane"),
        ("hi", "नहीं, 14", "14 Rose Lane"),
        ("en", "no, fourteen", "14 Rose Lane"),
    ],
)
def test_a_partial_value_is_a_number_to_merge(language: str, text: str, merged: str) -> None:
    (number,) = read(text, language)
    assert number.field is None
    assert merge_correction("12 Rose Lane", number, "postal_address") == merged


def test_a_number_after_an_apology_has_the_field_of_the_wrong_one() -> None:
    first, second = read("my account is 20417. sorry, 20471", "en")
    assert (first.retracted, second.field, second.value) == (True, "account_id", "20471")
