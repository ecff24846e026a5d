"""Parts of a known value that are said anew: a house number, a post code, a letter, signs of an e-mail address."""

from __future__ import annotations

import pytest

from inference.engines.scripted.mentions import Known, correct_part

ADDRESS = Known("new_address", "27 Rose Lane, 8001 Zurich", "postal_address")
EMAIL = Known("new_email", "jo.park@oldpost.net", "email")
ACCOUNT = Known("account_id", "HX-4477-P", "account_id")


@pytest.mark.parametrize(
    ("language", "text", "known", "value"),
    [
        ("en", "oh and the zip is 8002", ADDRESS, "27 Rose Lane, 8002 Zurich"),
        ("de", "die Postleitzahl ist 8002, nicht 8001", ADDRESS, "27 Rose Lane, 8002 Zurich"),
        ("es", "el código postal es 8002", ADDRESS, "27 Rose Lane, 8002 Zurich"),
        ("de", "Hausnummer 15, nicht 27", ADDRESS, "15 Rose Lane, 8001 Zurich"),
        ("fr", "Non, pas 27, 27 bis.", ADDRESS, "27 bis Rose Lane, 8001 Zurich"),
        ("en", "not seven seven, seven six", ACCOUNT, "HX-4476-P"),
        ("en", "no, B as in Bravo", ACCOUNT, "HX-4477-B"),
        ("de", "nein, B wie Berta", ACCOUNT, "HX-4477-B"),
        ("en", "no wait, it's jo underscore park", EMAIL, "jo_park@oldpost.net"),
        ("de", "mit Bindestrich: jo minus park", EMAIL, "jo-park@oldpost.net"),
        ("de", "Halt, ohne Punkt", EMAIL, "jopark@oldpost.net"),
    ],
)
def test_a_part_of_a_value_is_put_right(language: str, text: str, known: Known, value: str) -> None:
    found = correct_part(text, language, [known])
    assert found is not None
    assert (found.field, found.value) == (known.field, value)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "P as in Papa"),
        ("en", "my zip is what you have"),
        ("en", "the bus 27 stops there"),
        ("en", "see underscore and dot"),
    ],
)
def test_what_is_said_already_changes_nothing(language: str, text: str) -> None:
    assert correct_part(text, language, [ACCOUNT, ADDRESS, EMAIL]) is None


def test_digits_in_another_order_are_of_the_number_that_has_them() -> None:
    phone = Known("new_phone", "030 5550 148", "phone")
    found = correct_part("Nein, hinten 184", "de", [Known("account_id", "HR-2071", "account_id"), phone])
    assert found is not None
    assert found.value == "030 5550 184"
