"""Names and numbers that tell what each other are: signatures, days as names, slips of the tongue in a number."""

from __future__ import annotations

import pytest

from tests.inference.engines.scripted.mentions.reading import fields, values


@pytest.mark.parametrize(
    ("language", "text", "account"),
    [
        ("de", "kundennummer vier null acht äh nein vier null neun eins eins", "40911"),
        ("hi", "खाता नंबर चार दो शून्य नहीं नहीं चार तीन शून्य एक आठ", "43018"),
        ("en", "my account is nine four one double two no sorry nine four one triple two", "941222"),
        ("en", "the account number was wrong by the way, it's 33491", "33491"),
        ("es", "por cierto el número de cuenta estaba mal, es 33491", "33491"),
        ("fr", "au fait le numéro de compte était faux, c'est 33491", "33491"),
        ("de", "die Kundennummer war übrigens falsch, sie ist 33491", "33491"),
        ("en", "acc 3312 bill is wrong", "3312"),
        ("es", "cta 3312 la factura está mal", "3312"),
        ("hi", "naya phone 98765 43201 hai, khata 40917", "40917"),
    ],
)
def test_account_that_is_put_right_or_named_shortly(language: str, text: str, account: str) -> None:
    assert fields(text, language)["account_id"] == account


@pytest.mark.parametrize(
    ("language", "text", "asked", "name"),
    [
        ("en", "I wish to complain. He hung up on me. Debjani Mukherji.", (), "Debjani Mukherji"),
        ("fr", "Votre collègue m'a mal parlé. Maëlle Legof.", (), "Maëlle Legof"),
        ("en", "Sunday Adeleke. Yes, like the day.", ("account_id", "name"), "Sunday Adeleke"),
        ("es", "Domingo Leal de la Vega, para servirle.", ("account_id", "name"), "Domingo Leal de la Vega"),
        ("fr", "Marie-Ange Dimanche", ("account_id", "name"), "Marie-Ange Dimanche"),
        ("en", "everybody calls me Buddy, but the bill's under Ignatius Featherstone.", (), "Ignatius Featherstone"),
    ],
)
def test_name_without_a_usual_cue(language: str, text: str, asked: tuple[str, ...], name: str) -> None:
    assert values(text, language, "person_name", *asked)[-1] == name


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("en", "Oh hang on, my toddler has the letter. Esra, give that to mummy!", ("account_id", "name")),
        ("en", "Monday", ("account_id", "name")),
        ("en", "Nothing works. Total disaster.", ()),
        ("de", "Falsche Rechnung. Schlechter Service.", ()),
    ],
)
def test_what_names_nobody(language: str, text: str, asked: tuple[str, ...]) -> None:
    assert values(text, language, "person_name", *asked) == []


def test_number_behind_a_name_at_the_end_is_the_account() -> None:
    assert fields("what is the 4.50 item? Wojciech Dąbrowski, 88-41-05", "en") == {
        "name": "Wojciech Dąbrowski",
        "account_id": "88-41-05",
    }


@pytest.mark.parametrize(
    ("language", "text", "field", "value"),
    [
        ("hi", "खाता 4471 में सिग्नल नहीं है", "account_id", "4471"),
        ("es", "Buenas, aquí Tobías Lindqvist, no hay internet", "name", "Tobías Lindqvist"),
        ("en", "Aaliyah Brooks and the account is three three nine oh one", "name", "Aaliyah Brooks"),
    ],
)
def test_a_no_that_denies_something_else_takes_no_value_back(language: str, text: str, field: str, value: str) -> None:
    assert fields(text, language, "account_id", "name")[field] == value


def test_a_word_for_another_number_is_no_part_of_a_code() -> None:
    assert "account_id" not in fields("38 Grad und Fehler 1044 auf Kanal 7, PLZ 99501", "de")


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("There is no signal at all. 40-2276.", "40-2276"),
        ("why did you charge 12.50? 65-1170", "65-1170"),
        ("It is down completely! 36-4471, Soledad Baptiste", "36-4471"),
        ("Found it now, 70-4415. It is still about the same.", "70-4415"),
        ("I was promised 40-50. Nobody came.", None),
        ("It cost a lot, 84000", None),
        ("the error is 50413 again", None),
        ("The line is down. 40227 people are without it.", None),
    ],
)
def test_a_number_that_is_a_sentence_or_a_code_that_is_a_clause_is_the_account(text: str, account: str | None) -> None:
    assert fields(text, "en").get("account_id") == account
