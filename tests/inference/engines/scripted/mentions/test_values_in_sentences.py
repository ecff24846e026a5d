"""Values between other words: where a date ends, what an account is, names with titles, spelling that is denied."""

from __future__ import annotations

import pytest

from tests.inference.engines.scripted.mentions.reading import fields, read, values


@pytest.mark.parametrize(
    ("language", "text", "ends"),
    [("en", "from the 31st of March. Account TT-9090", "March"), ("de", "zum 3. Dezember. Danke", "Dezember")],
)
def test_a_date_ends_before_the_full_stop(language: str, text: str, ends: str) -> None:
    (date,) = [each for each in read(text, language) if each.format == "date"]
    assert text[: date.end].endswith(ends)


def test_what_is_called_an_account_is_no_address() -> None:
    assert fields("My account is PL 7782.", "en") == {"account_id": "PL7782"}


def test_a_short_code_is_an_account_where_it_is_called_one() -> None:
    assert fields("Account AB-1.", "en")["account_id"] == "AB-1"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Name is Mr. Jean-Luc O'Hara. I expect more.", "Mr. Jean-Luc O'Hara"),
        ("I want it back. Mei-Ling Tan, account 118-4420", "Mei-Ling Tan"),
        ("Hannah Leigh. That's L-E-I-G-H, not L-E-E.", "Hannah Leigh"),
        ("My father has a heart alarm. My name is Robert Hughes, account 310552", "Robert Hughes"),
        ("and the names rosa dimitriou", "Rosa Dimitriou"),
        ("I'm Kev by the way, Kevin Oyelaran.", "Kevin Oyelaran"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert values(text, "en", "person_name", "name")[-1] == name


def test_a_word_of_noting_is_no_name() -> None:
    assert values("और हाँ, नाम लिख लीजिए, हरप्रीत कौर गिल।", "hi", "person_name") == ["हरप्रीत कौर गिल"]
