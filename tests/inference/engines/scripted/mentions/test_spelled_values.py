"""Spelled and spoken values: letters with their words, doubled ones, e-mail addresses, halves of a name."""

from __future__ import annotations

import pytest

from tests.inference.engines.scripted.mentions.reading import fields, values


@pytest.mark.parametrize(
    ("language", "text", "account"),
    [
        ("en", "its b as in bravo, k as in kilo, nine nine four one two", "BK99412"),
        ("en", "A for apple, C for Charlie, hyphen, double four, nine, oh, two", "AC-44902"),
        ("en", "okay it is m for mike x for x-ray three zero double eight", "MX3088"),
        ("de", "Anton Cäsar zwo null vier eins sieben", "AC20417"),
        ("de", "drei mal die sieben, doppel vier, eins", "777441"),
        ("es", "be de burro, ce de casa, cuatro cuatro uno nueve cero", "BC44190"),
        ("es", "K de kilo, M de Madrid, 7 7 0 3 1", "KM77031"),
        ("es", "uve doble, hache, nueve cero cero tres dos", "WH90032"),
        ("fr", "K comme Kléber, double u, trois trois neuf un zéro", "KW33910"),
        ("fr", "F comme François, double quatre, triple zéro", "F44000"),
        ("hi", "बी फॉर बॉम्बे, के फॉर काइट, सात सात चार एक नौ", "BK77419"),
        ("hi", "khata number hai R for Raja, triple seven, do, ek", "R77721"),
    ],
)
def test_spelled_account(language: str, text: str, account: str) -> None:
    assert fields(text, language, "account_id") == {"account_id": account}


@pytest.mark.parametrize(
    ("language", "text", "digits"),
    [("de", "ob er es 3312 mal versucht hat", "3312"), ("en", "why see 4471 again", "4471")],
)
def test_words_that_are_also_letters_begin_no_number(language: str, text: str, digits: str) -> None:
    assert values(text, language, "number") == [digits]


@pytest.mark.parametrize(
    ("language", "text", "address"),
    [
        ("en", "r dot okafor eighty eight at webmail dot com", "r.okafor88@webmail.com"),
        ("en", "m a r t a at k o v a c s dot h u", "marta@kovacs.hu"),
        ("de", "f unterstrich lang 77 ät mailbox punkt org", "f_lang77@mailbox.org"),
        ("es", "jose guion bajo mari 42 arroba buzon punto com", "jose_mari42@buzon.com"),
        ("fr", "a tiret bas morel 21 arobase laposte point net", "a_morel21@laposte.net"),
        ("hi", "s underscore khan 77 at gmail dot com", "s_khan77@gmail.com"),
    ],
)
def test_spoken_email_address(language: str, text: str, address: str) -> None:
    assert values(text, language, "email") == [address]


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "mcgillicuddy, m c g i l l i c u double d y, first name owen", "Owen Mcgillicuddy"),
        ("en", "my surname is Lee, el ee ee, Jonathan Lee", "Jonathan Lee"),
        ("en", "pearl, pearl abernathy", "Pearl Abernathy"),
        ("de", "Mayer, M-A-Y-E-R, Vorname Katrin", "Katrin Mayer"),
        ("es", "vidal, v i d a l, nombre de pila ernesto", "Ernesto Vidal"),
        ("es", "a nombre de García López, Lucía", "Lucía García López"),
        ("fr", "Lefèvre, L-E-F-E-V-R-E, prénom Maud", "Maud Lefèvre"),
        ("fr", "juste Stromae", "Stromae"),
        ("hi", "नाम है दीप्ति रावत, डी ई ई पी टी आई", "दीप्ति रावत"),
    ],
)
def test_halves_and_spelling_of_a_name(language: str, text: str, name: str) -> None:
    assert values(text, language, "person_name", "name") == [name]


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("en", "i am self employed", ()),
        ("en", "i'm pretty gutted", ()),
        ("en", "i am colour blind", ()),
        ("en", "not sure, somewhere upstairs", ("account_id", "name")),
        ("es", "soy sordo parcial", ()),
        ("fr", "je suis malvoyant profond", ()),
        ("de", "ich bin stocksauer ehrlich", ()),
    ],
)
def test_what_somebody_is_names_nobody(language: str, text: str, asked: tuple[str, ...]) -> None:
    assert values(text, language, "person_name", *asked) == []


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "It's Işıl Şen. I S I L, S E N.", "Işıl Şen"),
        ("en", "Marek Stepanek, M A R E K, S Z C Z E P A N E K", "Marek Szczepanek"),
        ("de", "Tomasz Szczepański, S Z C Z E P A N S K I", "Tomasz Szczepański"),
        ("es", "Jan de Boer, J A N, D E, B O E R", "Jan de Boer"),
        ("fr", "Anne Annabel, A N N A B E L L E", "Anne Annabelle"),
        ("hi", "mera naam Marek Stepanek hai, M A R E K S Z C Z E P A N E K", "Marek Szczepanek"),
    ],
)
def test_spelled_words_of_a_name(language: str, text: str, name: str) -> None:
    assert values(text, language, "person_name", "account_id", "name") == [name]
