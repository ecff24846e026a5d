"""Dates, times of day and amounts of money as they stand on a record. Today is Thursday, 2026-11-26."""

from __future__ import annotations

import pytest

from tests.inference.engines.scripted.mentions.reading import read, values


@pytest.mark.parametrize(
    ("language", "text", "date"),
    [
        ("en", "tomorrow", "2026-11-27"),
        ("en", "next Friday", "2026-11-27"),
        ("en", "Friday, December 4th", "2026-12-04"),
        ("en", "the 5th of January", "2027-01-05"),
        ("en", "in two weeks", "2026-12-10"),
        ("en", "a week on Monday", "2026-12-07"),
        ("en", "2026-12-24", "2026-12-24"),
        ("en", "31/12/2026", "2026-12-31"),
        ("en", "3/4/2027", "3/4/2027"),
        ("es", "el próximo viernes", "2026-11-27"),
        ("es", "el 3 de marzo", "2027-03-03"),
        ("es", "pasado mañana", "2026-11-28"),
        ("de", "am 31. Dezember", "2026-12-31"),
        ("de", "am dritten März", "2027-03-03"),
        ("de", "3.4.2027", "2027-04-03"),
        ("de", "übermorgen", "2026-11-28"),
        ("fr", "le 3 mars", "2027-03-03"),
        ("fr", "le premier mars", "2027-03-01"),
        ("fr", "vendredi prochain", "2026-11-27"),
        ("hi", "कल", "2026-11-27"),
        ("hi", "5 जनवरी को", "2027-01-05"),
        ("hi", "parso", "2026-11-28"),
    ],
)
def test_date(language: str, text: str, date: str) -> None:
    assert values(text, language, "date", "date") == [date]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "my internet is down since Monday"),
        ("en", "it's Friday already"),
        ("es", "hoy es martes"),
        ("de", "seit Montag geht nichts"),
        ("fr", "on est jeudi"),
        ("hi", "आज सोमवार है"),
    ],
)
def test_a_day_that_is_only_spoken_of_belongs_to_no_field(language: str, text: str) -> None:
    assert all(each.field is None for each in read(text, language))


@pytest.mark.parametrize(
    ("language", "text", "time"),
    [
        ("en", "half past seven", "07:30"),
        ("en", "at quarter to eight pm", "19:45"),
        ("en", "7pm", "19:00"),
        ("en", "seven thirty", "07:30"),
        ("en", "tonight at nine", "21:00"),
        ("es", "a las siete y media de la tarde", "19:30"),
        ("es", "a las ocho menos cuarto", "07:45"),
        ("de", "halb acht", "07:30"),
        ("de", "fünf nach halb sieben", "06:35"),
        ("de", "19 Uhr 30", "19:30"),
        ("de", "zwölf Uhr mittags", "12:00"),
        ("fr", "sept heures et demie", "07:30"),
        ("fr", "à dix-neuf heures trente", "19:30"),
        ("fr", "20h30", "20:30"),
        ("fr", "midi et demi", "12:30"),
        ("hi", "शाम साढ़े सात बजे", "19:30"),
        ("hi", "पौने आठ बजे", "07:45"),
        ("hi", "subah nau baje", "09:00"),
    ],
)
def test_time(language: str, text: str, time: str) -> None:
    assert values(text, language, "time", "time") == [time]


@pytest.mark.parametrize(
    ("language", "text", "amount"),
    [
        ("en", "$1,249.50", "1249.50 USD"),
        ("en", "thirty bucks", "30.00 USD"),
        ("en", "49 dollars and 90 cents", "49.90 USD"),
        ("en", "forty nine ninety dollars", "49.90 USD"),
        ("es", "me cobraron 49,90 euros", "49.90 EUR"),
        ("de", "1.249,50 €", "1249.50 EUR"),
        ("de", "zwölf Euro fünfzig", "12.50 EUR"),
        ("fr", "quarante-neuf euros quatre-vingt-dix", "49.90 EUR"),
        ("hi", "500 रुपये", "500.00 INR"),
        ("hi", "Rs 500", "500.00 INR"),
    ],
)
def test_money(language: str, text: str, amount: str) -> None:
    assert values(text, language, "money") == [amount]


@pytest.mark.parametrize(("text", "amount"), [("forty nine ninety", "49.90"), ("about 50", "50.00")])
def test_amount_without_a_currency_answers_the_question_for_it(text: str, amount: str) -> None:
    assert values(text, "en", "money", "amount") == [amount]
    assert values(text, "en", "money") == []


@pytest.mark.parametrize(
    ("text", "day"), [("ich hätte gern am Mittwoch", "2026-12-02"), ("ich hatte am Mittwoch", "2026-11-25")]
)
def test_a_day_behind_a_conditional_is_not_past(text: str, day: str) -> None:
    assert values(text, "de", "date") == [day]
