"""Possessives, determiners and pronouns are no values; "A not B" puts a value right in every script of Hindi."""

from __future__ import annotations

import pytest

from db.agents.builtin import builtin_agents
from inference.engines.scripted.dialogue.contrasts import put_right
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.mentions import find_mentions


@pytest.mark.parametrize(
    ("language", "text", "plans"),
    [
        ("hi", "مجھے اپنا پلان بدلنا ہے", []),
        ("hi", "ہمارا پلان بدلنا ہے", []),
        ("hi", "مجھے دوسرا پلان چاہیے", []),
        ("hi", "مجھے اپنا پلان بدلنا ہے گولڈ پلان چاہیے", ["گولڈ"]),
        ("hi", "mujhe apna plan badalna hai gold plan chahiye", ["gold"]),
        ("hi", "मुझे अपना प्लान बदलना है गोल्ड प्लान चाहिए", ["गोल्ड"]),
        ("hi", "humara plan badalna hai", []),
        ("hi", "हमारा प्लान बदलना है", []),
        ("de", "ich will in unseren Tarif wechseln", []),
        ("es", "quiero cambiar nuestro plan", []),
        ("fr", "je veux changer notre forfait", []),
        ("en", "I want to go to their plan", []),
    ],
)
def test_a_pronoun_is_no_plan(language: str, text: str, plans: list[str]) -> None:
    found = find_mentions(text, language, builtin_agents()["billing_agent"])
    assert [each.value for each in found if each.field == "target_plan"] == plans


@pytest.mark.parametrize(
    ("text", "known", "right"),
    [
        ("نہیں گولڈ نہیں سلور کر دیجیے", "گولڈ", "سلور"),
        ("گولڈ کی جگہ سلور", "گولڈ", "سلور"),
        ("गोल्ड नहीं सिल्वर कर दीजिए", "गोल्ड", "सिल्वर"),
        ("gold nahin silver kar dijiye", "gold", "silver"),
    ],
)
def test_not_this_but_that(text: str, known: str, right: str) -> None:
    assert put_right(text, known, cues("hi"), said_last=False) == right
