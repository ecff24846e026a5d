"""A text that is put right by words alone, in five languages."""

from __future__ import annotations

import pytest

from inference.engines.scripted.dialogue.contrasts import put_right, said_anew, with_other_word
from inference.engines.scripted.dialogue.cues import cues


@pytest.mark.parametrize(
    ("language", "text", "known", "right"),
    [
        ("en", "actually make it Premium", "Basic", "Premium"),
        ("en", "Sorry, not Silver but Gold.", "Silver", "Gold"),
        ("en", "the street is Oak, not Elm", "5 Elm Street, Dover", "5 Oak Street, Dover"),
        ("en", "Oak Street, not Elm Street", "41 Elm Street, Dayton", "41 Oak Street, Dayton"),
        ("en", "Elm Avenue, not street", "41 Elm Street, Dayton", "41 Elm Avenue, Dayton"),
        ("es", "no es tercero b es cuarto b", "calle olmo 14 tercero b", "calle olmo 14 cuarto b"),
        ("de", "Lindenweg, nicht Lindenstraße", "Lindenstraße 4, Bonn", "Lindenweg 4, Bonn"),
        ("en", "I meant Fibre 500", "Fibre 100", "Fibre 500"),
        ("en", "sorry I meant Mini not Basic", "Basic", "Mini"),
        ("de", "Ich meinte Gold", "Silber", "Gold"),
        ("de", "nicht Silber, sondern Gold bitte", "Silber", "Gold"),
        ("de", "doch lieber Premium", "Basis", "Premium"),
        ("es", "Plata no, Oro", "Plata", "Oro"),
        ("fr", "plutôt Confort", "Premium", "Confort"),
        ("fr", "pas le Premium, le Confort", "Premium", "Confort"),
        ("hi", "सिल्वर नहीं, गोल्ड", "सिल्वर", "गोल्ड"),
        ("hi", "Silver nahi, Gold", "Silver", "Gold"),
    ],
)
def test_the_right_value_is_found(language: str, text: str, known: str, right: str) -> None:
    assert put_right(text, known, cues(language), said_last=True) == right


@pytest.mark.parametrize(
    ("language", "text", "known"),
    [
        ("en", "I meant what I said", "Basic"),
        ("en", "I mean yes", "Basic"),
        ("en", "make it quick", "Basic"),
        ("en", "no, not that", "Basic"),
        ("de", "lieber nicht", "Basis"),
        ("es", "mejor no", "Oro"),
        ("fr", "plutôt pas", "Or"),
        ("hi", "मेरा मतलब हाँ", "गोल्ड"),
        ("hi", "नहीं, रहने दीजिए", "गोल्ड"),
    ],
)
def test_other_words_put_nothing_right(language: str, text: str, known: str) -> None:
    assert put_right(text, known, cues(language), said_last=True) is None


def test_a_long_text_costs_little() -> None:
    assert put_right("not " * 5000 + "{old} but (((", "a (b", cues("en"), said_last=True) is None


@pytest.mark.parametrize(
    ("text", "known", "right"),
    [
        ("scratch that, Family 500", "Family 200", "Family 500"),
        ("Family 300, she says.", "Family 500", "Family 300"),
        ("Family Plus please", "Family Max", "Family Plus"),
        ("our family is five people", "Family 500", None),
        ("Family 500", "Family 500", None),
        ("Gold", "Silver", None),
    ],
)
def test_a_name_of_several_words_is_said_with_another_last_one(text: str, known: str, right: str | None) -> None:
    assert said_anew(text, known) == right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("I meant Oak Street. Elm was the one before.", "87 Oak Street, Dayton"),
        ("Elm Street is right", None),
        ("it is a nice Street", None),
    ],
)
def test_a_word_of_an_address_is_exchanged(text: str, right: str | None) -> None:
    assert with_other_word(text, "87 Elm Street, Dayton") == right
