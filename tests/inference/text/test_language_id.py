"""Language identification of text."""

from __future__ import annotations

import pytest

from inference.text.language_id import TextLanguage


@pytest.fixture(scope="module")
def texts() -> TextLanguage:
    return TextLanguage(("en", "es", "de", "fr", "hi"))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I was charged twice this month", "en"),
        ("Hola, me han cobrado dos veces", "es"),
        ("Ich möchte meinen Vertrag kündigen", "de"),
        ("Bonjour, ma facture est fausse", "fr"),
        ("मेरा बिल गलत है", "hi"),
        ("ok", None),
        ("AC-20417", None),
        ("", None),
    ],
)
def test_a_text_tells_its_language_or_does_not(texts: TextLanguage, text: str, language: str | None) -> None:
    assert texts.of(text) == language
