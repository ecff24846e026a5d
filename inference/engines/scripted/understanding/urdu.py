"""Transliterates Urdu script to Devanagari: speech recognition writes spoken Hindi in either.

Urdu leaves short vowels out, so frequent words are looked up, and next those that sound like a frequent word, since
recognition spells by ear ("شکائیت" for शिकायत). Only the others are written letter by letter.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from inference.engines.scripted.mentions.sounds import sound_of
from inference.engines.scripted.mentions.text import fold
from inference.engines.scripted.mentions.words import known_names

#: Arabic letters, those of Urdu among them, and their marks.
_WORD = re.compile(
    r"[\u0620-\u065F\u066E-\u06D3\u06D5-\u06DC\u06EE\u06EF\u06FA-\u06FF\u0750-\u077F\uFB50-\uFDFF\uFE70-\uFEFC]+"
)
_MARKS = re.compile(r"[\u0610-\u061A\u064B-\u065F\u0670\u06D6-\u06ED]")
#: Letters of Urdu that Arabic and Persian lack.
_OF_URDU = frozenset("ٹڈڑںےھہ")
#: Shorter words sound like too many others.
_LEAST_LETTERS = 4
_LEAST_CONSONANTS = 2
_DEVANAGARI = re.compile(r"[\u0900-\u097F]+")
_VOWELS = re.compile(r"[اآعأإ\u0904-\u0914]")
_ENDS = {"ا": "a", "ہ": "a", "ی": "i", "ے": "e", "و": "o", "ा": "a", "ी": "i", "ि": "i", "े": "e", "ै": "e", "ो": "o"}
_STOPS = {"۔": "।", "؟": "?", "،": ",", "؛": ";"}


def is_written_in_urdu(text: str) -> bool:
    """Whether a text in Arabic letters is Urdu: it has letters or words that Arabic has not."""
    words, _ = _tables()
    return any(ch in _OF_URDU for ch in text) or any(match.group() in words for match in _WORD.finditer(text))


def in_devanagari(text: str) -> str:
    """The text with its Urdu words in Devanagari."""
    return "".join(piece for _, piece in devanagari(text))


def devanagari(text: str) -> Iterator[tuple[int, str]]:
    """Positions in the text, with what stands there; Urdu words are transliterated."""
    at = 0
    for match in _WORD.finditer(text):
        yield from _plain(text, at, match.start())
        yield match.start(), _word(match.group())
        at = match.end()
    yield from _plain(text, at, len(text))


def _plain(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    for at in range(start, end):
        ch = text[at]
        if "\u06f0" <= ch <= "\u06f9":
            yield at, chr(ord(ch) - 0x6F0 + ord("0"))
        elif "\u0660" <= ch <= "\u0669":
            yield at, chr(ord(ch) - 0x660 + ord("0"))
        else:
            yield at, _STOPS.get(ch, ch)


def _word(word: str) -> str:
    bare = _MARKS.sub("", word).replace("ي", "ی").replace("ك", "ک").replace("ہ", "ہ").replace("ه", "ہ")
    words, letters = _tables()
    if bare in words:
        return words[bare]
    if len(bare) >= _LEAST_LETTERS and (alike := _by_sound().get(_sound_and_ends(bare))):
        return alike
    pieces = []
    for number, ch in enumerate(bare):
        if ch == "ا" and number:
            pieces.append("ा")
        elif ch in "ویے" and number:
            pieces.append({"و": "ो", "ی": "ी", "ے": "े"}[ch])
        else:
            pieces.append(letters.get(ch, ""))
    return "".join(pieces)


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """The Devanagari of words and of letters."""
    table = tomllib.loads((files(__package__) / "urdu.toml").read_text(encoding="utf-8"))
    return table["words"], table["letters"]


@cache
def _by_sound() -> dict[str, str]:
    """Frequent words by their sound, without words that sound alike."""
    listed = [*_tables()[0].values(), *known_names("hi").common.split()]
    found: dict[str, set[str]] = {}
    for word in listed:
        if _DEVANAGARI.fullmatch(word) and len(sound_of(fold(word))) >= _LEAST_CONSONANTS:
            found.setdefault(_sound_and_ends(word), set()).add(word)
    return {sound: min(words) for sound, words in found.items() if len({fold(word) for word in words}) == 1}


def _sound_and_ends(word: str) -> str:
    """The consonants of a word in either script, whether it begins with a vowel, and the vowel that it ends with."""
    begins = "-" if _VOWELS.match(word) else ""
    return f"{begins}{sound_of(fold(word))}-{_ENDS.get(word[-1:], '')}"
