"""Numbers that are said in pieces: which piece an utterance says, and what is none."""

from __future__ import annotations

import pytest

from inference.engines.scripted.mentions import Which, find_piece


@pytest.mark.parametrize(
    ("language", "said", "which", "value"),
    [
        ("en", "uh it's a long one, the first bit is four one nine", Which.FIRST, "419"),
        ("en", "I have half of it: 4198", Which.FIRST, "4198"),
        ("en", "the first half is KD 447", Which.FIRST, "KD447"),
        ("en", "okay, after that it's eight two zero", Which.REST, "820"),
        ("en", "the first half is 4198 and the second half is 820", Which.WHOLE, "4198820"),
        ("en", "820 please", Which.BARE, "820"),
        ("de", "4198 ist der erste Teil", Which.FIRST, "4198"),
        ("de", "Die Kundennummer fängt mit 4198 an", Which.FIRST, "4198"),
        ("de", "und weiter geht es mit acht zwei null", Which.REST, "820"),
        ("es", "Los cuatro primeros son 4198", Which.FIRST, "4198"),
        ("es", "y el resto es 820", Which.REST, "820"),
        ("fr", "Je n'ai que la moitié : 4198", Which.FIRST, "4198"),
        ("fr", "4198, c'est la première partie", Which.FIRST, "4198"),
        ("fr", "la suite, c'est 820", Which.REST, "820"),
        ("hi", "4198 से शुरू होता है", Which.FIRST, "4198"),
        ("hi", "बाक़ी 820 है", Which.REST, "820"),
        ("hi", "pehla hissa 4198 hai", Which.FIRST, "4198"),
        ("hi", "aur uske baad 820", Which.REST, "820"),
        ("hi", "پہلا حصہ 4198 ہے", Which.FIRST, "4198"),
        ("hi", "باقی 820 ہے", Which.REST, "820"),
    ],
)
def test_a_piece(language: str, said: str, which: Which, value: str) -> None:
    piece = find_piece(said, language)
    assert piece is not None
    assert (piece.which, piece.value) == (which, value)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "my card starts with 4198"),
        ("en", "and then I called 4 times"),
        ("en", "and then there was the ticket 820"),
        ("en", "my account number is 4198820 and the first half of the month I was away"),
        ("en", "the first half of it is torn off"),
        ("de", "Die Bestellnummer beginnt mit 4198"),
        ("de", "und dann war noch das Ticket 820"),
        ("de", "Meine Kundennummer ist 4198820, in der ersten Hälfte des Monats war ich weg"),
        ("es", "Mi tarjeta empieza por 4198"),
        ("es", "y luego me dieron el ticket 820"),
        ("es", "Mi número de cuenta es 4198820, la primera parte del mes estuve fuera"),
        ("fr", "Ma carte commence par 4198"),
        ("fr", "et ensuite il y avait le ticket 820"),
        ("hi", "मेरा कार्ड 4198 से शुरू होता है"),
        ("hi", "aur phir ticket 820 mila"),
        ("hi", "پھر ٹکٹ 820 ملا"),
        ("en", "| 820"),
    ],
)
def test_no_piece(language: str, said: str) -> None:
    assert find_piece(said, language) is None
