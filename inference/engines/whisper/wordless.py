"""Text that a recogniser makes of sound without words: repetition loops and laughter."""

from __future__ import annotations

import re
import zlib

#: More repetition than speech has, as the ratio of text to its zlib compression (Radford et al., section 4.5).
_REPETITIVE = 2.4

#: The same few characters six times in a row and no digits: zlib finds no pattern in so short a text.
_LOOP = re.compile(r"(\D{2,40}?)\1{5,}")

#: Letters and digits a second that nobody utters; fast speech has about 20.
_UTTERABLE = 30.0

#: A syllable of laughter. In Spanish it is written with j; "ja ja" is two words in German.
_SYLLABLE = r"(?:b?ha+h?|he+h?|hi+h?|ho+h?)"
_SPANISH_SYLLABLE = r"(?:[jh][aeio]+h?)"


def repetitive(text: str) -> bool:
    """Whether a text repeats itself more than speech does: a decoder that is caught in a loop."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) > _REPETITIVE or _LOOP.search(text.lower() + " ") is not None


def utterable(text: str, seconds: float) -> bool:
    """Whether a person can say the text in this time."""
    return sum(character.isalnum() for character in text) <= _UTTERABLE * max(seconds, 1.0)


def laughter(text: str, language: str | None) -> bool:
    """Whether a text is nothing but laughter: "Ha ha ha!", "Hahaha.", in Spanish "jajaja".

    Three syllables, or two that are written as one word: "he", "hi" and "ho" are words.
    """
    syllable = _SPANISH_SYLLABLE if language == "es" else _SYLLABLE
    plain = re.sub(r"[^\w]+", " ", text.lower()).strip()
    return re.fullmatch(rf"(?:[ao]h )*(?:(?:{syllable} ?){{3,}}|{syllable}{{2,}})", plain) is not None
