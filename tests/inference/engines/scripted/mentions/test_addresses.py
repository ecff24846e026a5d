"""Postal addresses and e-mail addresses: where they begin and end."""

from __future__ import annotations

import pytest

from tests.inference.engines.scripted.mentions.reading import fields, read, values


@pytest.mark.parametrize(
    ("language", "text", "address"),
    [
        ("en", "my new address is 12 Rose Lane, account AC-20417, my name is Ann Lee", "12 Rose Lane"),
        ("en", "my new address is 12 rose lane springfield and my name is ann lee", "12 rose lane springfield"),
        ("en", "Moved to 48 Elm St., Apt. 4B, Springfield, IL 62704", "48 Elm St., Apt. 4B, Springfield, IL 62704"),
        ("en", "change my address to 9 High Street please", "9 High Street"),
        ("en", "my address is now twelve Rose Lane", "12 Rose Lane"),
        ("es", "Mi nueva dirección es calle del Olmo 5, 3º B, Zaragoza.", "calle del Olmo 5, 3º B, Zaragoza"),
        ("es", "Nos mudamos a la calle Mayor 12, Madrid, y mi cuenta es 20417", "calle Mayor 12, Madrid"),
        (
            "de",
            "neue Anschrift: Lindenstraße 7a, 04103 Leipzig, Kunde 30-5",
            "Lindenstraße 7a, 04103 Leipzig",
        ),
        ("de", "Ich wohne jetzt in der Goethestraße 8 in Bonn", "Goethestraße 8 in Bonn"),
        ("de", "Meine neue Adresse ist Am Stadtpark 12b, 22303 Hamburg", "Am Stadtpark 12b, 22303 Hamburg"),
        (
            "fr",
            "nouvelle adresse : 8 bis rue des Tanneurs, 59000 Lille.",
            "8 bis rue des Tanneurs, 59000 Lille",
        ),
        ("fr", "J'habite maintenant au 12 rue de la Paix à Lyon, compte 20417", "12 rue de la Paix à Lyon"),
        ("hi", "मेरा नया पता है मकान नंबर 12, गांधी नगर, जयपुर, खाता 8890", "मकान नंबर 12, गांधी नगर, जयपुर"),
        ("hi", "naya address 45 MG Road, Pune hai", "45 MG Road, Pune"),
        ("hi", "نیا پتہ مکان نمبر 12، گاندھی نگر، دہلی ہے", "مکان نمبر 12، گاندھی نگر، دہلی"),
    ],
)
def test_address(language: str, text: str, address: str) -> None:
    assert values(text, language, "postal_address") == [address]
    assert fields(text, language)["new_address"] == address


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I live on Maple Street and the internet is down"),
        ("en", "we've been through 3 routers on this road"),
        ("en", "my address is wrong on the bill 4471"),
        ("en", "I want to change my address. Account AC-20417"),
        ("es", "Vivo en Madrid desde hace 3 años"),
        ("de", "Ich wohne in Köln und habe 3 Kinder"),
        ("de", "Der Router steht am Fenster 2"),
        ("fr", "j'habite à Lyon depuis 3 ans"),
        ("hi", "मैं दिल्ली में रहता हूँ"),
    ],
)
def test_no_address(language: str, text: str) -> None:
    assert values(text, language, "postal_address") == []


def test_bare_address_answers_the_question() -> None:
    assert fields("12 Rose Lane, Springfield", "en", "new_address") == {"new_address": "12 Rose Lane, Springfield"}
    assert fields("10 Downing Street, London SW1A 2AA", "en", "new_address") == {
        "new_address": "10 Downing Street, London SW1A 2AA"
    }


def test_an_address_that_is_only_spoken_of_belongs_to_no_field() -> None:
    (address,) = read("you sent the router to 12 Rose Lane by mistake", "en")
    assert (address.value, address.field) == ("12 Rose Lane", None)


@pytest.mark.parametrize(
    ("language", "text", "email"),
    [
        ("en", "Please note my new email: d.fitzgerald@harbourmail.example.", "d.fitzgerald@harbourmail.example"),
        ("en", "it's kate underscore moss at mail dot example dot org", "kate_moss@mail.example.org"),
        ("es", "mi correo es pedro punto gil arroba correo punto es", "pedro.gil@correo.es"),
        ("de", "lena punkt vogel at beispiel punkt de", "lena.vogel@beispiel.de"),
        ("fr", "luc tiret martin arobase courrier point fr", "luc-martin@courrier.fr"),
        ("hi", "mera email hai ravi dot verma at example dot in", "ravi.verma@example.in"),
    ],
)
def test_email(language: str, text: str, email: str) -> None:
    assert fields(text, language) == {"new_email": email}


def test_at_is_no_email() -> None:
    assert values("meet me at six", "en", "email") == []


@pytest.mark.parametrize(
    ("language", "text", "address"),
    [
        ("en", "12 Oak Street and please send the last invoice", "12 Oak Street"),
        ("en", "Unit 12, 450 Queen's Parade, Wellington 6011. Today?", "Unit 12, 450 Queen's Parade, Wellington 6011"),
        ("en", "P.O. Box 771, Galway, because I travel", "P.O. Box 771, Galway"),
        ("en", "one hundred and four harbour view, flat nine", "104 harbour view, flat 9"),
        ("de", "Unter den Linden 77, 10117 Berlin. Geht das heute?", "Unter den Linden 77, 10117 Berlin"),
        ("de", "An der Alster 5, 2. OG, 20099 Hamburg, ab Montag", "An der Alster 5, 2. OG, 20099 Hamburg"),
        ("fr", "12 rue du Chêne et envoyez-moi aussi la facture", "12 rue du Chêne"),
        ("fr", "cent quatre boulevard du port, porte neuf", "104 boulevard du port, porte 9"),
        ("hi", "12 गुलाब गली, जयपुर और पिछला बिल भी भेज दीजिए", "12 गुलाब गली, जयपुर"),
        ("hi", "naya pata likh lijiye: 14 Shanti Nagar, Nashik", "14 Shanti Nagar, Nashik"),
    ],
)
def test_address_ends_where_another_clause_begins(language: str, text: str, address: str) -> None:
    assert values(text, language, "postal_address", "new_address") == [address]


@pytest.mark.parametrize(
    ("language", "text", "address"),
    [
        ("en", "i moved from 3 elm court to 19 birch road last weekend", "19 birch road"),
        ("de", "ich bin vom ulmenhof 3 in die birkenallee 19 gezogen", "birkenallee 19"),
        ("es", "me mudé de la calle olmo 3 al paseo de los abedules 19", "paseo de los abedules 19"),
        ("fr", "j'ai quitté le 3 cour des ormes pour le 19 route des bouleaux", "19 route des bouleaux"),
    ],
)
def test_of_two_streets_the_new_one_is_the_address(language: str, text: str, address: str) -> None:
    assert values(text, language, "postal_address")[-1] == address
