"""Detects hallucinations: text that Whisper produces for audio without words (repetition loops, laughter)."""

from __future__ import annotations

import re
import zlib

#: Compression ratio: bytes of text to bytes of zlib. Higher is repetitive (Radford et al., section 4.5).
_MAX_COMPRESSION_RATIO = 2.4

#: The same 2 to 40 characters, no digits, six times in a row: zlib does not compress texts this short.
_LOOP = re.compile(r"(\D{2,40}?)\1{5,}")

#: Letters and digits a second; fast speech has about 20.
_MAX_SPEECH_RATE = 30.0

#: A syllable of laughter. Only Spanish writes it with j: "ja ja" is "yes, yes" in German.
_SYLLABLE = r"(?:b?ha+h?|he+h?|hi+h?|ho+h?)"
_SPANISH_SYLLABLE = r"(?:[jh][aeio]+h?)"


def is_repetitive(text: str) -> bool:
    """Whether a text is more repetitive than speech, as from a decoder in a loop."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) > _MAX_COMPRESSION_RATIO or _LOOP.search(text.lower() + " ") is not None


def is_speakable(text: str, seconds: float) -> bool:
    """Whether a person can speak the text in this time."""
    return sum(character.isalnum() for character in text) <= _MAX_SPEECH_RATE * max(seconds, 1.0)


def is_laughter(text: str, language: str | None) -> bool:
    """Whether a text is only laughter: "Ha ha ha!", "Hahaha.", in Spanish "jajaja". ``language``: ISO 639-1.

    Needs three syllables, or two written as one word, since "he", "hi" and "ho" are words.
    """
    syllable = _SPANISH_SYLLABLE if language == "es" else _SYLLABLE
    plain = re.sub(r"[^\w]+", " ", text.lower()).strip()
    return re.fullmatch(rf"(?:[ao]h )*(?:(?:{syllable} ?){{3,}}|{syllable}{{2,}})", plain) is not None
