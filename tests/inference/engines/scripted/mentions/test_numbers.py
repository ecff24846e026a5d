"""Account numbers, phone numbers and numbers that are neither."""

from __future__ import annotations

import pytest

from tests.inference.engines.scripted.mentions.reading import fields, read, values


@pytest.mark.parametrize(
    ("language", "text", "account"),
    [
        ("en", "account AC-20417", "AC-20417"),
        ("en", "account ac-20417", "AC-20417"),
        ("en", "My account number is 20 417", "20417"),
        ("en", "my account number is two oh four one seven", "20417"),
        ("en", "The account number? It's twenty four seventeen eighty three.", "241783"),
        ("en", "My customer number is double five oh three triple two.", "5503222"),
        ("en", "account A C dash two zero four one seven", "AC-20417"),
        ("en", "account is B as in Bravo, T as in Tango, 7 0 4 4", "BT7044"),
        ("en", "my account is A.C. 20417", "AC20417"),
        ("en", "account AC 2 0 4 1 7", "AC20417"),
        ("en", "account 2, 0, 4, 1, 7", "20417"),
        ("en", "20417 is my account number", "20417"),
        ("en", "customer no 4471-90, way too slow", "4471-90"),
        ("es", "cuenta veinte cuatro diecisiete", "20417"),
        ("es", "Mi contrato es el KD guion 88213", "KD-88213"),
        ("de", "Kundennummer vierundzwanzig siebzehn", "2417"),
        ("de", "Kundennummer zwanzig vierhundertsiebzehn", "20417"),
        ("de", "Vertragsnummer A wie Anton, C wie Cäsar, zwo null vier eins sieben", "AC20417"),
        ("de", "Kd.-Nr. 7120-88", "7120-88"),
        ("fr", "numéro de client quatre-vingt-douze quarante-sept", "9247"),
        ("fr", "Oui bonjour, client n° 55-2038, ma box clignote rouge", "55-2038"),
        ("hi", "खाता संख्या बीस चार सत्रह", "20417"),
        ("hi", "khata number 5 5 0 3 2", "55032"),
        ("hi", "खाता नंबर ए सी दो शून्य चार एक सात", "AC20417"),
        ("hi", "میرا اکاؤنٹ نمبر 60815 ہے", "60815"),
        ("hi", "मेरा खाता नंबर ४१ ७० ९२ है।", "417092"),
    ],
)
def test_account_number_by_the_words_around(language: str, text: str, account: str) -> None:
    assert fields(text, language) == {"account_id": account}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "my zip is 94110 and the card ends in 4471"),
        ("en", "the box shows error code E1234"),
        ("en", "My account number has 8 digits"),
        ("en", "order no. 5520981, serial SN-77KX-2040"),
        ("en", "the IMEI is 356938035643809"),
        ("en", "Tracking number 1Z999AA10123456784"),
        ("en", "I think the PIN was 4471, or maybe 4417"),
        ("en", "It keeps saying error 4012 on my iPhone 14"),
        ("en", "It has been like this since 2021 and I pay for 100 Mbit"),
        ("en", "my house number is 12 and I called 300 times"),
        ("es", "la tarjeta termina en 4471 y mi código postal es 28013"),
        ("es", "me sale el error 504 en el iPhone 12"),
        ("es", "número de pedido 88123"),
        ("de", "Die Karte endet auf 4471 und die PLZ ist 50674."),
        ("de", "Fehlercode E1234 an der Fritzbox 7590"),
        ("de", "Meine Nummer hat 8 Stellen"),
        ("fr", "la carte finit par 4471, code postal 75011"),
        ("fr", "J'ai l'erreur 504 sur mon Galaxy S21"),
        ("hi", "कार्ड का आखिरी नंबर 4471 है और पिन कोड 110001 है"),
        ("hi", "mere iPhone 12 pe error 504 aa raha hai"),
        ("hi", "2019 से"),
    ],
)
def test_other_numbers_are_no_account_even_if_one_was_asked_for(language: str, text: str) -> None:
    found = read(text, language, "account_id", "name")
    assert found == () or {(each.format, each.field) for each in found} == {("number", None)}


@pytest.mark.parametrize(
    ("language", "text", "account"),
    [
        ("en", "45 81 20 77", "45812077"),
        ("en", "so sorry, found it: 8814 203", "8814203"),
        ("en", "ac 20417", "AC20417"),
        ("es", "es el veinticuatro diecisiete", "2417"),
        ("de", "zwanzigtausendvierhundertsiebzehn", "20417"),
        ("fr", "vingt quatre dix sept", "2417"),
        ("hi", "do zero char ek saat", "20417"),
    ],
)
def test_bare_number_answers_the_question_for_the_account(language: str, text: str, account: str) -> None:
    assert fields(text, language, "account_id", "name") == {"account_id": account}
    assert "account_id" not in fields(text, language)


@pytest.mark.parametrize(
    ("language", "text", "phone"),
    [
        ("en", "reach me on +44 7700 900123", "+44 7700 900123"),
        ("en", "My number is two one two, five five five, zero one six four.", "212-555-0164"),
        ("en", "text me at oh seven seven double oh nine oh oh one two three", "07700900123"),
        ("en", "one eight hundred five five five oh one two three", "18005550123"),
        ("en", "4 1 5 5 5 5 0 1 3 2", "4155550132"),
        ("es", "mi móvil es el 612 345 678", "612 345 678"),
        ("de", "Meine Handynummer ist null eins fünf eins zwei drei vier fünf sechs sieben acht", "01512345678"),
        ("fr", "Rappelez-moi au zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit", "06-12-34-56-78"),
        ("fr", "06.12.34.56.78", "06.12.34.56.78"),
        ("hi", "मेरा मोबाइल नंबर नौ आठ सात छह पाँच चार तीन दो एक शून्य है", "9876543210"),
        ("hi", "98765 43210", "98765 43210"),
    ],
)
def test_phone_number(language: str, text: str, phone: str) -> None:
    assert fields(text, language) == {"phone": phone}


def test_account_and_phone_in_one_utterance() -> None:
    said = "My account number is 20 417 and you can call me on 646 555 0123."
    assert fields(said, "en") == {"account_id": "20417", "phone": "646 555 0123"}
    assert fields("my cell is 4155550132, the account is 4155550", "en") == {
        "phone": "4155550132",
        "account_id": "4155550",
    }


@pytest.mark.parametrize(
    ("asked", "expected"), [("phone", {"phone": "4155550132"}), ("account_id", {"account_id": "4155550132"})]
)
def test_the_question_decides_what_a_bare_number_is(asked: str, expected: dict[str, str]) -> None:
    assert fields("4155550132", "en", asked) == expected


def test_a_new_phone_number_is_another_field() -> None:
    assert fields("my new mobile is 555-0199", "en") == {"new_phone": "555-0199"}


def test_number_of_a_named_field() -> None:
    assert fields("a table for six", "en") == {"party_size": "6"}
    assert fields("vier Personen", "de") == {"party_size": "4"}
    assert fields("चार लोगों के लिए", "hi") == {"party_size": "4"}
    assert values("one moment, I have two or three questions", "en", "number") == []
