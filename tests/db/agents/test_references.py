"""Reference codes: not pronounceable, and of letters that are distinguishable over a telephone."""

from __future__ import annotations

import random
import re
import string

import pytest

from db.agents.references import DIGITS, LETTERS, PATTERN, new_reference
from inference.text.normalization.normalizer import LOCALES, spoken_form

#: Letters whose English names rhyme or differ in one consonant: at most one of each set may be used.
_CONFUSED = ("AHJK8", "BCDEGPTVZ3", "FSX", "MN", "IY", "QU2", "O0")
_EARLIER = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, six of them


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)


def test_a_new_reference_has_no_two_letters_side_by_side() -> None:
    made = {new_reference() for _ in range(500)}
    assert len(made) > 490
    for reference in made:
        assert re.fullmatch("".join(f"[{LETTERS if place == 'L' else DIGITS}]" for place in PATTERN), reference)
        assert not re.search(r"[A-Z]{2}", reference)


def test_no_two_letters_sound_alike() -> None:
    for alike in _CONFUSED:
        assert len(set(alike) & set(LETTERS)) <= 1, alike
    assert not set("AEIOU") & set(LETTERS)


@pytest.mark.parametrize("language", sorted(LOCALES))
def test_references_of_either_pattern_are_spelled_letter_by_letter(language: str) -> None:
    sentences = {
        "en": "The reference is {}. It is done.",
        "es": "La referencia es {}. Está hecho.",
        "de": "Die Referenz ist {}. Es ist erledigt.",
        "fr": "La référence est {}. Merci.",
        "hi": "संदर्भ {} है। धन्यवाद।",
    }
    chosen = _seeded(5)
    codes = [new_reference() for _ in range(50)]
    codes += ["".join(chosen.choice(_EARLIER) for _ in range(6)) for _ in range(1000)]
    codes += ["FEJNEX", "J5PEWG", "VRABVA", "1BEEF2", "DEAD12", "12FACE", "84621V", "1234W5", "TTQX9A", "9999GB"]
    for code in codes:
        said = spoken_form(sentences[language].format(code), language)
        letters = [each for each in code if each in string.ascii_uppercase]
        if letters:
            assert not re.search(r"[A-Z]{2}", said), said
            spelled = re.findall(r"(?<![\w])([A-Z])(?![\w])", said)
            assert spelled == letters, (code, said)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("PLEASE hold for ORDER-1234.", "PLEASE hold for ORDER, one two three four."),
        ("The request was CANCELLED.", "The request was CANCELLED."),
        ("a Windows11 laptop", "a Windows eleven laptop"),
    ],
)
def test_words_in_capitals_stay_words(written: str, said: str) -> None:
    assert spoken_form(written, "en") == said
