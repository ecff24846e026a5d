"""Numbers as speech recognition writes them: digit words spelled by ear, groups joined by a comma, "septembre"."""

from __future__ import annotations

import pytest

from inference.engines.scripted.mentions.sounds import sound_of
from tests.inference.engines.scripted.mentions.reading import fields, values


@pytest.mark.parametrize(
    ("language", "heard", "account"),
    [
        ("hi", "میرا کھاتا نمبر ہے نو ایک تین شونے ساتھ", "91307"),
        ("hi", "نمس دے میرا کھتا نمبر پنچ پنچ ایک آٹ شونہ ہے اور انٹرنت بہت دیمہ چل رہا ہے", "55180"),
        ("hi", "میرا کھاہتا نمبر ہے ساتھ دو شونے چار ایک", "72041"),
        ("hi", "मेरा खाता नंबर पंच पंच एक आट शुन्य है", "55180"),
        ("hi", "میرا نام مناقشی آئر ہے خاتا نمبر ساتشونے چارتین ایک", "70431"),
        ("hi", "کستمر نمبر 5 5 2 1 شونیا ہے", "55210"),
        ("fr", "Mon numéro de client est le 5-108 septembre.", "5-1087"),
        ("fr", "Mon numéro de client est le 5 108 septembre.", "51087"),
        ("de", "So, die Kundennummer ist 24,17.", "2417"),
        ("es", "Mi número de cuenta es el 24,17.", "2417"),
        ("fr", "Mon numéro de client, c'est le 24,17.", "2417"),
        ("en", "My account number is 24.17.", "2417"),
        ("hi", "मेरा खाता नंबर 24,17 है", "2417"),
    ],
)
def test_an_account_number_is_read_as_it_was_said(language: str, heard: str, account: str) -> None:
    assert values(heard, language, "account_id") == [account]


def test_a_french_number_that_ends_with_seven() -> None:
    heard = "Mon numéro de téléphone, c'est le 06, 82, 15, 30, 47embre."
    assert fields(heard, "fr") == {"phone": "06-82-15-30-47"}


def test_an_answer_to_the_question_for_the_account_may_be_in_two_groups() -> None:
    assert values("24,17", "de", "account_id", "account_id") == ["2417"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "Ich habe 24,5 Megabit."),
        ("de", "Mein Vertrag ist um 24,17 teurer."),
        ("fr", "Je ne trouve que mon code postale, 29.200."),
        ("en", "you took 89.95 instead of 59.95 from my bank"),
        ("fr", "Voilà numéro de client 4, 9,06."),  # a digit is missing: it is asked again
        ("hi", "میں اپنے بھائی کے ساتھ دو تین دن سے بات کر رہا ہوں"),
        ("hi", "دو لوگوں کے ساتھ"),
    ],
)
def test_other_numbers_are_no_account_numbers(language: str, said: str) -> None:
    assert values(said, language, "account_id", "account_id") == []


def test_a_day_of_september_is_a_date() -> None:
    assert values("Ma facture du 8 septembre, numéro de client 51087", "fr", "date") == ["2027-09-08"]
    assert values("Ma facture du 8 septembre, numéro de client 51087", "fr", "account_id") == ["51087"]


def test_both_scripts_of_hindi_sound_alike() -> None:
    pairs = ["शून्य شونے", "सात ساتھ", "पाँच پنچ", "तीन تین", "आठ آٹ", "शिकायत شکائیت"]
    assert [pair for pair in pairs if len({sound_of(word) for word in pair.split()}) > 1] == []
