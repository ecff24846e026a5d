"""Grapheme-to-phoneme rules of Spanish, French and Hindi."""

from __future__ import annotations

import pytest

from inference.engines.kokoro.french import french
from inference.engines.kokoro.hindi import hindi
from inference.engines.kokoro.latin_in_hindi import devanagari_of
from inference.engines.kokoro.spanish import spanish
from inference.engines.kokoro.weights import read_symbols


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("hola", "ˈola"),
        ("cuenta", "kwˈenta"),
        ("habló", "aβlˈo"),
        ("ciudad", "θjuðˈað"),
        ("país", "paˈis"),
        ("pingüino", "piŋɡwˈino"),
        ("guitarra", "ɡitˈara"),
        ("queso", "kˈeso"),
        ("gente", "xˈente"),
        ("alrededor", "alreðeðˈoɾ"),
        ("perro", "pˈero"),
        ("caro", "kˈaɾo"),
        ("hielo", "ʝˈelo"),
        ("hueso", "wˈeso"),
        ("envidia", "embˈiðja"),
        ("excelente", "eksθelˈente"),
        ("conversación", "kombersaθjˈon"),
        ("rey", "rˈeɪ"),
        ("reyes", "rˈeʝes"),
        ("taxi", "tˈaksi"),
        ("México", "mˈexiko"),
        ("router", "rˈuteɾ"),
        ("el vaso y la mesa", "el bˈaso i la mˈesa"),
        ("Sí, mañana.", "sˈi, maɲˈana."),
        ("Straße", "stɾˈase"),
        ("K cuatro B", "kˈa kwˈatɾo bˈe"),
        ("Y también A, Y", "i tambjˈen a, iɣɾjˈeɣa"),
        ("l" * 400, "ʎl"),
        ("", ""),
    ],
)
def test_spanish(written: str, said: str) -> None:
    assert spanish(written) == said


_SOUNDS = {
    **{"amis": "ami", "homme": "ɔm", "héros": "eʁo", "avez": "ave", "facture": "faktyʁ", "heures": "œʁ"},
    **{"abonnement": "abɔnmɑ̃", "onze": "ɔ̃z", "neuf": "nœf", "livres": "livʁ", "arrivé": "aʁive", "il": "il"},
}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("l'abonnement", "labɔnmˈɑ̃"),
        ("aujourd’hui", "oʒuʁdɥˈi"),
        ("les amis", "lez amˈi"),
        ("les livres", "le lˈivʁ"),
        ("les héros", "le eʁˈo"),
        ("les onze", "le ˈɔ̃z"),
        ("vous avez", "vuz avˈe"),
        ("il est arrivé", "il ɛt aʁivˈe"),
        ("six amis", "sˈiz amˈi"),
        ("six livres", "sˈi lˈivʁ"),
        ("vingt-deux", "vˈɛ̃t dˈø"),
        ("neuf heures", "nˈœv ˈœʁ"),
        ("les, amis", "lˈe, amˈi"),
        ("K, J, Y", "kˈa, ʒˈi, iɡʁˈɛk"),
        ("l'homme", "lˈɔm"),
    ],
)
def test_french(written: str, said: str) -> None:
    decomposed = said.replace("ɑ̃", "ɑ\u0303").replace("ɛ̃", "ɛ\u0303")
    assert french(written, lambda word: _SOUNDS[word]) == decomposed


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("नमक", "nˈʌmək"),
        ("लड़का", "lˈʌɽkaː"),
        ("समझना", "səmˈʌʤʰnaː"),
        ("जानवर", "ʤˈaːnʋəɾ"),
        ("बदल", "bˈʌdəl"),
        ("बदला", "bˈʌdlaː"),
        ("हिंदी", "hˈɪndiː"),
        ("अंग्रेज़ी", "əŋɡɾˈeːziː"),
        ("हूँ", "hˈũː"),
        ("वाक्य", "ʋˈaːkjə"),
        ("यह", "jeː"),
        ("है।", "hˈɛː."),
        ("क्", "k"),
    ],
)
def test_hindi(written: str, said: str) -> None:
    assert hindi(written) == said.replace("ũ", "u\u0303")


def test_words_in_latin_letters_are_read_in_hindi() -> None:
    assert devanagari_of("Sharma") == "शर्मा"
    assert devanagari_of("Email") == "ईमेल"
    assert hindi("email") == hindi("ईमेल")
    assert hindi("S M S") == hindi("एस एम एस")
    assert devanagari_of("Zoë") == "ज़ॉए"
    assert devanagari_of("123") == ""


@pytest.mark.parametrize("phonemize", [spanish, hindi])
def test_all_symbols_are_known_to_the_model(phonemize: type[str]) -> None:
    known = set(read_symbols())
    latin = "".join(map(chr, range(0x20, 0x250)))
    devanagari = " ".join(map(chr, range(0x900, 0x980)))
    text = f"{latin} {devanagari} Excelente wifi y güeb. ñandú, llave; chico!"
    assert set(phonemize(text)) <= known
