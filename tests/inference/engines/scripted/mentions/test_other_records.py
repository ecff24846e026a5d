"""A number of a ticket, a case or an earlier call is no account's, nor is one said where the account's is lacking."""

from __future__ import annotations

import pytest

from tests.inference.engines.scripted.mentions.reading import values


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "the ticket from last time was 300245"),
        (
            "en",
            "The account number? Not on me. I can give you my ZIP, 60614, and the ticket from last time was 300245.",
        ),
        ("en", "I don't have it with me, but on the letter there is 300245"),
        ("en", "the case the lady gave me was 300245"),
        ("en", "the one from the last call was 300245"),
        ("de", "das Ticket vom letzten Mal war 300245"),
        ("de", "Die hab ich gerade nicht, auf dem Brief steht 300245"),
        ("de", "der Vorgang von der Dame gestern war 300245"),
        ("es", "el ticket de la última vez era 300245"),
        ("es", "No lo tengo a mano, en la carta pone 300245"),
        ("fr", "l'incident de la dernière fois c'était le 300245"),
        ("fr", "Je ne l'ai pas sur moi, sur la lettre il y a 300245"),
        ("hi", "पिछली बार का टिकट जो मिला वो 300245 था"),
        ("hi", "pichli baar ka ticket jo mila tha wo 300245 tha"),
        ("hi", "پچھلی بار کا ٹکٹ جو ملا وہ 300245 تھا"),
        ("hi", "mere paas nahi hai, chitthi par 300245 likha hai"),
    ],
)
def test_no_account_number(language: str, text: str) -> None:
    assert values(text, language, "account_id", "account_id", "name") == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I don't have it on me. Oh hang on, found it, 300245"),
        ("en", "I don't have the ticket, my account number is 300245"),
        ("en", "it was the same last time, 300245"),
        ("de", "Das Ticket hab ich nicht, die Kundennummer ist 300245"),
        ("de", "Moment, 300245"),
        ("es", "el ticket no lo tengo, mi número de cuenta es 300245"),
        ("fr", "le ticket je ne l'ai pas, mon numéro de compte est 300245"),
        ("hi", "ticket mere paas nahi hai, account number 300245 hai"),
    ],
)
def test_an_account_number(language: str, text: str) -> None:
    assert values(text, language, "account_id", "account_id", "name") == ["300245"]
