"""Consonants of Hindi in any script: Whisper writes spoken Hindi in Devanagari, in Urdu script or in Latin letters.

The measure: the text is reduced to its consonants, those that the scripts do not tell apart are one (aspirated and
plain, retroflex and dental, j and z, p and f), vowels, semivowels (y, v) and h are dropped, since Urdu writes them with
the letters of vowels. Errors are the least number of consonants to insert, leave out or change (Levenshtein), over the
number of consonants said.
"""

from __future__ import annotations

import re
import unicodedata

_GROUPS = {
    "k": "क ख ک ق خ k q",
    "g": "ग घ گ غ g",
    "c": "च छ چ",
    "j": "ज झ ج ز ذ ض ظ ژ j z",
    "t": "ट ठ त थ ت ٹ ط t",
    "d": "ड ढ द ध د ڈ ڑ d",
    "n": "ङ ञ ण न \u0901 \u0902 ن ں n",
    "p": "प फ پ ف p f",
    "b": "ब भ ب b",
    "m": "म م m",
    "r": "र ر r",
    "l": "ल ळ ل l",
    "s": "स س ص ث s",
    "x": "श ष ش",
}
_CONSONANTS = {letter: group for group, letters in _GROUPS.items() for letter in letters.split()}
_LATIN = (("sh", "श"), ("ch", "च"), ("ph", "फ"), ("ksh", "क्ष"))


def consonants(text: str) -> list[str]:
    """The consonants of a text in its spoken form (numbers in words)."""
    text = unicodedata.normalize("NFD", text.casefold())
    for latin, devanagari in _LATIN:
        text = text.replace(latin, devanagari)
    said = "".join(_CONSONANTS.get(letter, "") for letter in text)
    return list(re.sub(r"(.)\1+", r"\1", said))
