"""Single signs of a known value that are changed: swapped, missing, one too many, one in the place of another."""

from __future__ import annotations

import pytest

from inference.engines.scripted.mentions import Known, correct_part, says_edit

KNOWN = (
    Known("new_email", "anna.k@web.de", "email"),
    Known("account_id", "B-20417", "account_id"),
    Known("phone", "415 555 0138", "phone"),
    Known("new_address", "41 Elm Street, Dayton 45402", "postal_address"),
)


def corrected(text: str, language: str) -> tuple[str, str] | None:
    found = correct_part(text, language, KNOWN)
    return (found.field, found.value) if found else None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "the last two are swapped"),
        ("en", "last two digits are the other way round"),
        ("de", "die letzten beiden Ziffern sind vertauscht"),
        ("de", "ich habe die 1 und die 7 vertauscht"),
        ("es", "los dos últimos dígitos están al revés"),
        ("es", "he cambiado el 1 y el 7"),
        ("fr", "les deux derniers chiffres sont inversés"),
        ("hi", "आखिरी दो अंक उल्टे हैं"),
        ("hi", "aakhri do ank ulte ho gaye"),
    ],
)
def test_two_digits_change_places(language: str, text: str) -> None:
    assert corrected(text, language) == ("account_id", "B-20471")
    assert says_edit(text, language)


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "the second digit should be a 1", "B-21417"),
        ("de", "die zweite Stelle ist eine eins, keine null", "B-21417"),
        ("es", "la segunda cifra es un uno, no un cero", "B-21417"),
        ("fr", "le deuxième chiffre est un 1", "B-21417"),
        ("hi", "दूसरा अंक 1 है", "B-21417"),
        ("en", "the 4 should be a 5", "B-20517"),
        ("de", "die 4 muss eine 5 sein", "B-20517"),
        ("es", "un 5 en vez de un 4", "B-20517"),
        ("fr", "un 5 au lieu d'un 4", "B-20517"),
        ("hi", "4 की जगह 5", "B-20517"),
    ],
)
def test_one_digit_in_the_place_of_another(language: str, text: str, value: str) -> None:
    assert corrected(text, language) == ("account_id", value)


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "there's a 9 missing at the end", "B-204179"),
        ("de", "hinten fehlt eine neun", "B-204179"),
        ("es", "falta un 9 al final", "B-204179"),
        ("fr", "il manque un 9 à la fin", "B-204179"),
        ("hi", "आखिर में एक 9 छूट गया", "B-204179"),
        ("en", "I forgot a 3 after the 4", "B-204317"),
        ("de", "nach der 4 fehlt eine 3", "B-204317"),
        ("en", "without the 7 at the end", "B-2041"),
        ("de", "die 7 am Ende ist zu viel", "B-2041"),
        ("es", "quite la última cifra", "B-2041"),
        ("fr", "le 7 à la fin est de trop", "B-2041"),
        ("hi", "आखिर में 7 ज़्यादा है", "B-2041"),
    ],
)
def test_a_digit_more_or_less(language: str, text: str, value: str) -> None:
    assert corrected(text, language) == ("account_id", value)


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "it's with a D, not a B", "D-20417"),
        ("en", "no, D for Dora", "D-20417"),
        ("de", "P wie Paula, nicht B wie Berta", "P-20417"),
        ("de", "nicht B, sondern P", "P-20417"),
        ("es", "con P de París, no con B", "P-20417"),
        ("fr", "un P, pas un B", "P-20417"),
        ("hi", "nahi, P for Patna, B nahi", "P-20417"),
    ],
)
def test_letters_of_a_code(language: str, text: str, value: str) -> None:
    assert corrected(text, language) == ("account_id", value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sorry, it's gmx.de", "anna.k@gmx.de"),
        ("not web.de, gmx.de", "anna.k@gmx.de"),
        ("dot com, not dot de", "anna.k@web.com"),
        ("it ends in .com", "anna.k@web.com"),
        ("underscore instead of the dot", "anna_k@web.de"),
        ("a hyphen, not a dot", "anna-k@web.de"),
        ("without the dot", "annak@web.de"),
    ],
)
def test_signs_and_ends_of_an_email_address(text: str, value: str) -> None:
    assert corrected(text, "en") == ("new_email", value)


def test_a_number_that_stands_by_itself_goes_before_digits_within_one() -> None:
    assert corrected("not 41, 14", "en") == ("new_address", "14 Elm Street, Dayton 45402")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "my bill is 40 euros too much"),
        ("en", "I forgot my account number"),
        ("en", "one moment, I swapped phones"),
        ("en", "take off the 5 euro fee"),
        ("en", "the last one was 5 days ago"),
        ("en", "some digits are swapped"),
        ("de", "da ist ein Zahlendreher drin"),
        ("fr", "il manque un chiffre"),
        ("hi", "एक अंक छूट गया"),
    ],
)
def test_what_is_not_clear_or_counts_something_changes_nothing(language: str, text: str) -> None:
    assert corrected(text, language) is None
