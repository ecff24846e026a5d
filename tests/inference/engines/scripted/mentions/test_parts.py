"""A correction that names a part of a known value: digits at an end, a contrast, the domain of an address, letters."""

from __future__ import annotations

import pytest

from inference.engines.scripted.mentions import Known, changed_name, correct_part, find_letter_changes
from inference.engines.scripted.mentions.text import fold

KNOWN = (
    Known("new_phone", "202 555 0147", "phone"),
    Known("account_id", "AC-770318", "account_id"),
    Known("new_email", "jo.park@oldpost.net", "email"),
    Known("new_address", "12 Rose Lane", "postal_address"),
    Known("name", "Jo Park", "person_name"),
)


def corrected(text: str, language: str) -> tuple[str, str] | None:
    found = correct_part(text, language, KNOWN)
    return (found.field, found.value) if found else None


@pytest.mark.parametrize(
    ("language", "text", "field", "value"),
    [
        ("en", "sorry, the last four are 0174", "new_phone", "202 555 0174"),
        ("en", "oh it ends in 9, not 8", "account_id", "AC-770319"),
        ("en", "it's a nine at the end", "new_phone", "202 555 0149"),
        ("en", "the phone number starts with 203", "new_phone", "203 555 0147"),
        ("en", "account ends in one nine", "account_id", "AC-770319"),
        ("de", "entschuldigung, hinten ist es 1427", "new_phone", "202 555 1427"),
        ("de", "ach, am Ende eine 9, keine 8", "account_id", "AC-770319"),
        ("es", "ay perdón, acaba en 9, no en 8", "account_id", "AC-770319"),
        ("es", "perdón, termina en 78", "new_phone", "202 555 0178"),
        ("fr", "ah pardon, ça se termine par un 9, pas un 8", "account_id", "AC-770319"),
        ("fr", "pardon, ça finit par 78", "new_phone", "202 555 0178"),
        ("hi", "अरे आखिर में 9 है, 8 नहीं", "account_id", "AC-770319"),
        ("hi", "sorry, aakhri char ank 3210 hain", "new_phone", "202 555 3210"),
    ],
)
def test_digits_at_an_end(language: str, text: str, field: str, value: str) -> None:
    assert corrected(text, language) == (field, value)


@pytest.mark.parametrize(
    ("language", "text", "field", "value"),
    [
        ("en", "not 147 but 174", "new_phone", "202 555 0174"),
        ("en", "12 is wrong, it's 14", "new_address", "14 Rose Lane"),
        ("de", "nicht 318 sondern 381", "account_id", "AC-770381"),
        ("hi", "0147 nahi 0174", "new_phone", "202 555 0174"),
        ("hi", "12 नहीं, 14", "new_address", "14 Rose Lane"),
    ],
)
def test_digits_in_the_place_of_others(language: str, text: str, field: str, value: str) -> None:
    assert corrected(text, language) == (field, value)


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "the domain is newpost.net, not oldpost.net", "jo.park@newpost.net"),
        ("en", "it's newpost, not oldpost", "jo.park@newpost.net"),
        ("en", "at web dot de", "jo.park@web.de"),
        ("de", "die Domain ist newpost punkt de", "jo.park@newpost.de"),
        ("fr", "le domaine c'est neuf.fr, pas oldpost.net", "jo.park@neuf.fr"),
        ("es", "el dominio es correo.es", "jo.park@correo.es"),
        ("hi", "domain naya.in hai, oldpost.net nahi", "jo.park@naya.in"),
    ],
)
def test_side_of_an_email_address(language: str, text: str, value: str) -> None:
    assert corrected(text, language) == ("new_email", value)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "the card ends in 4471"),
        ("en", "no wait, not eleven, nineteen"),
        ("en", "my order number starts with 88"),
        ("en", "my e-mail is kim@web.de"),
        ("fr", "Karine Clerc avec un c à la fin"),
        ("de", "am Ende des Monats"),
        ("es", "no, gracias"),
    ],
)
def test_what_is_no_part_of_a_known_value_changes_none(language: str, text: str) -> None:
    assert corrected(text, language) is None


@pytest.mark.parametrize(
    ("language", "text", "name", "right"),
    [
        ("es", "con uve", "Karina Bega", "Karina Vega"),
        ("fr", "avec un c à la fin", "Karine Clerk", "Karine Clerc"),
        ("de", "Clark mit C", "Karin Klark", "Karin Clark"),
        ("de", "mit dt", "Jochen Schmit", "Jochen Schmidt"),
        ("de", "mit a y", "Peter Meier", "Peter Mayer"),
        ("en", "with a K, not a C", "Catherine Doyle", "Katherine Doyle"),
        ("en", "with two l's", "Philip Keler", "Philip Keller"),
        ("en", "with an e at the end", "Ann Clark", "Ann Clarke"),
        ("es", "con i griega", "Marisa Garai", "Marisa Garay"),
        ("fr", "avec deux n", "Anne Juhane", "Anne Juhanne"),
        ("en", "with my phone", "Ann Clark", "Ann Clark"),
    ],
)
def test_letters_of_a_name(language: str, text: str, name: str, right: str) -> None:
    for change in find_letter_changes(fold(text), language):
        name = changed_name(name, change)
    assert name == right


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "the house number is 80"),
        ("de", "Hausnummer ist 80"),
        ("es", "el número es el 80"),
        ("fr", "c'est le numéro 80"),
        ("hi", "makan number 80 hai"),
    ],
)
def test_house_number_of_the_address_that_was_said_last(language: str, text: str) -> None:
    address, *others = sorted(KNOWN, key=lambda each: each.format != "postal_address")
    found = correct_part(text, language, [address, *others])
    assert found is not None
    assert (found.field, found.value) == ("new_address", "80 Rose Lane")
    assert correct_part(text, language, others) is None
