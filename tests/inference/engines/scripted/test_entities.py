"""Entity extraction: names, numbers and other entities as spoken and transcribed; nothing that was not said."""

from __future__ import annotations

import pytest

from inference.engines.scripted.entities import find_entities
from inference.engines.scripted.lexicon import lexicon


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "hello my name is jane miller and my account is 12345", "Jane Miller"),
        ("en", "This is Jane Miller speaking.", "Jane Miller"),
        ("en", "Hi, I'm Tom O'Brien", "Tom O'Brien"),
        ("es", "Me llamo José García y llamo por mi factura", "José García"),
        ("de", "Guten Tag, ich heiße Jürgen Groß.", "Jürgen Groß"),
        ("fr", "Bonjour, je m'appelle Chloé Dupont", "Chloé Dupont"),
        ("hi", "मेरा नाम अमित शर्मा है और खाता नंबर १२३४५ है", "अमित शर्मा"),
        ("hi", "mera naam amit sharma hai", "Amit Sharma"),
        ("en", "this is ridiculous", None),
        ("en", "I'm calling about my bill", None),
        ("en", "I am Very angry", None),
        ("de", "das ist eine Frechheit", None),
    ],
)
def test_name(language: str, text: str, name: str | None) -> None:
    assert find_entities(text, lexicon(language)).name == name


@pytest.mark.parametrize(
    ("language", "text", "account"),
    [
        ("en", "account ACC-12345", "ACC-12345"),
        ("en", "my account number is 1 2 3 4 5", "12345"),
        ("en", "my account is a c c 1 2 3 4 5 and I was charged 49.99 dollars", "ACC12345"),
        ("en", "My account number is A-C-C-1-2-3-4-5.", "ACC12345"),
        ("en", "ACC dash one two three four five", "ACC-12345"),
        ("en", "account A 12", "A12"),
        ("en", "account A-551", "A-551"),
        ("de", "meine Kontonummer ist a-552.", "A-552"),
        ("es", "mi cuenta es ACC 991", "ACC991"),
        ("de", "Kundennummer K 4 4 7 1", "K4471"),
        ("fr", "mon numéro de compte est le 4 5 6 7 8", "45678"),
        ("hi", "खाता नंबर १२३४५ है", "12345"),
        ("en", "I have a 5G plan on my account", None),
        ("en", "my account is locked", None),
        ("en", "my account was charged 49.99 dollars", None),
    ],
)
def test_account(language: str, text: str, account: str | None) -> None:
    assert find_entities(text, lexicon(language)).account_id == account


@pytest.mark.parametrize(
    ("language", "text", "phone"),
    [
        ("en", "call me at 555-0123", "555-0123"),
        ("en", "my phone number is five five five oh one two three", "5550123"),
        ("en", "my phone is five double five oh one two three", "5550123"),
        ("en", "+44 20 7946 0958", "+44 20 7946 0958"),
        ("fr", "mon numéro est le 06 12 34 56 78", "06 12 34 56 78"),
        ("hi", "मेरा फ़ोन नंबर नौ आठ सात छह पांच चार तीन दो एक शून्य है", "9876543210"),
        ("en", "since 2026-10-12", None),
        ("en", "I paid 1250 dollars for two phones", None),
        ("en", "one moment, I have two or three questions", None),
    ],
)
def test_phone(language: str, text: str, phone: str | None) -> None:
    assert find_entities(text, lexicon(language)).phone == phone


@pytest.mark.parametrize(
    ("language", "text", "email"),
    [
        ("en", "email me at jane dot doe at example dot com please", "jane.doe@example.com"),
        ("en", "it's jane@example.com.", "jane@example.com"),
        ("es", "mi correo es ana arroba ejemplo punto es", "ana@ejemplo.es"),
        ("de", "jan punkt meier at beispiel punkt de", "jan.meier@beispiel.de"),
        ("en", "meet me at six", None),
    ],
)
def test_email(language: str, text: str, email: str | None) -> None:
    assert find_entities(text, lexicon(language)).email == email


@pytest.mark.parametrize(
    ("text", "priority"),
    [("this is urgent", "URGENT"), ("not urgent at all", "LOW"), ("as soon as possible", "HIGH"), ("my bill", None)],
)
def test_priority(text: str, priority: str | None) -> None:
    assert find_entities(text, lexicon("en")).priority == priority


def test_plan_reason_and_address() -> None:
    said = find_entities("Switch me to the Family plan because it is cheaper.", lexicon("en"))
    assert (said.plan, said.reason) == ("Family", "it is cheaper")
    assert find_entities("I want a cheaper plan", lexicon("en")).plan is None
    assert (
        find_entities("We moved to 12 Oak Avenue, Springfield.", lexicon("en")).address == "12 Oak Avenue, Springfield"
    )


def test_what_identifies_is_masked_for_the_intent_model() -> None:
    masked = find_entities("my name is Jane Miller, account ACC-1234, jane@example.com", lexicon("en")).masked
    assert "Jane" not in masked
    assert "1234" not in masked
