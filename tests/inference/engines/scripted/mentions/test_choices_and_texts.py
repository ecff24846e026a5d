"""Values of enum fields, and texts that a phrase of the definition introduces."""

from __future__ import annotations

import pytest

from tests.inference.engines.scripted.mentions.reading import fields


@pytest.mark.parametrize(
    ("language", "text", "seating"),
    [
        ("en", "outside please", "outdoor"),
        ("es", "en la terraza", "outdoor"),
        ("de", "lieber drinnen", "indoor"),
        ("fr", "à l'intérieur", "indoor"),
        ("hi", "बाहर", "outdoor"),
    ],
)
def test_enum(language: str, text: str, seating: str) -> None:
    assert fields(text, language) == {"seating": seating}


@pytest.mark.parametrize(
    ("language", "text", "reason"),
    [
        (
            "en",
            "I cancel because it is slow, dear and far away, account BX-9901",
            "it is slow, dear and far away",
        ),
        ("es", "porque es demasiado caro. Cuenta 5512.", "es demasiado caro"),
        ("de", "Ich kündige, weil der Service schlecht ist. Hier ist Uwe Kranz.", "der Service schlecht ist"),
        ("fr", "Je résilie parce que je déménage, compte 7781", "je déménage"),
        ("hi", "बंद कर दीजिए क्योंकि बहुत महंगा है। खाता 5512", "बहुत महंगा है"),
    ],
)
def test_text_ends_with_its_clause(language: str, text: str, reason: str) -> None:
    assert fields(text, language)["reason"] == reason


@pytest.mark.parametrize(
    ("language", "text", "plan"),
    [
        ("en", "put me on the Unlimited plan please", "Unlimited"),
        ("en", "I want a cheaper plan", None),
        ("es", "Quiero pasarme al plan Oro", "Oro"),
        ("de", "Ich möchte in den Tarif Komfort wechseln", "Komfort"),
        ("fr", "je voudrais passer au forfait Liberté", "Liberté"),
        ("fr", "je voudrais changer le forfait actuel", None),
        ("hi", "मुझे अपना प्लान बदलना है, गोल्ड प्लान चाहिए", "गोल्ड"),
        ("hi", "mujhe sasta plan chahiye", None),
    ],
)
def test_short_text_is_a_name_of_something(language: str, text: str, plan: str | None) -> None:
    assert fields(text, language).get("target_plan") == plan
