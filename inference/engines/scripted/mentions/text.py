"""A folded copy of an utterance to search in, with the way back to the original characters."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

#: Only the beginning is read, which bounds the time that a hostile text can cost.
MAX_CHARS = 2000
#: A letter or digit of folded text. Python's \w lacks the vowel signs of Devanagari.
LETTER = r"(?:[^\W_]|[\u0900-\u0963\u0966-\u097F])"
LEFT = rf"(?<!{LETTER})"
RIGHT = rf"(?!{LETTER})"
WORD = re.compile(rf"{LETTER}+(?:['\-]{LETTER}+)*")

_SAME = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ´`′‛", "'"),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("，、،﹐", ","),
        **dict.fromkeys("。।॥۔", "."),
        "؟": "?",
        "？": "?",
        "：": ":",
        "；": ";",
        "؛": ";",
        "ß": "ss",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        # Devanagari: chandrabindu as anusvara. Urdu: Arabic letters as the Urdu ones.
        "ँ": "ं",
        "ي": "ی",
        "ى": "ی",
        "ك": "ک",
        "ه": "ہ",
        "ۀ": "ہ",
        "ة": "ہ",
        "ے": "ی",
    }
)


@lru_cache(maxsize=4096)
def _fold_character(ch: str) -> str:
    if unicodedata.category(ch) == "No":
        return ch  # "½" is no 1 and 2
    kept = []
    for part in unicodedata.normalize("NFKD", ch):
        category = unicodedata.category(part)
        if category in {"Cf", "Cc"} and part not in "\n\t\r":
            continue
        # Accents go, and the dot (nukta) of Devanagari, which many leave out; its vowel signs stay.
        if category == "Mn" and not ("\u0900" <= part <= "\u0dff" and part != "\u093c"):
            continue
        if category == "Nd":
            kept.append(str(unicodedata.digit(part)))
        elif part.isspace():
            kept.append("\n" if part in "\n\r\u2028\u2029" else " ")
        else:
            kept.append(part.lower().translate(_SAME))
    return "".join(kept)


def fold(text: str) -> str:
    """Folds spelling variants: lower case, no accents, ASCII digits, straight apostrophes and hyphens."""
    return "".join(_fold_character(ch) for ch in text)


@dataclass(slots=True)
class Utterance:
    """``text``: as said. ``folded``: what is searched. ``claimed``: spans of ``folded`` that are taken by a mention."""

    text: str
    folded: str = ""
    claimed: list[tuple[int, int]] = field(default_factory=list)
    _origins: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        pieces: list[str] = []
        for at, ch in enumerate(self.text[:MAX_CHARS]):
            piece = _fold_character(ch)
            pieces.append(piece)
            self._origins += [at] * len(piece)
        self.folded = "".join(pieces)
        self._origins.append(min(len(self.text), MAX_CHARS))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text for a span of the folded one, without white space around it."""
        first, last = self._origins[start], self._origins[end]
        while first < last and self.text[first].isspace():
            first += 1
        while last > first and (self.text[last - 1].isspace() or unicodedata.category(self.text[last - 1]) == "Cf"):
            last -= 1
        return first, max(last, first + 1)

    def said(self, start: int, end: int) -> str:
        """The original characters of a span of the folded text, in NFC, spaces collapsed."""
        if start >= end:
            return ""
        first, last = self.span(start, end)
        return " ".join(unicodedata.normalize("NFC", self.text[first:last]).split())

    def is_free(self, start: int, end: int) -> bool:
        """Whether no mention was found in this span of the folded text."""
        return all(end <= first or start >= last for first, last in self.claimed)

    def claim(self, start: int, end: int) -> None:
        """Takes the span of the folded text for a mention."""
        self.claimed.append((start, end))

    def is_upper(self, at: int) -> bool:
        """Whether the character at this place of the folded text is a capital letter in the original."""
        return self.text[self._origins[at]].isupper() or self.text[self._origins[at]].istitle()

    def has_case(self, at: int) -> bool:
        """Whether the character at this place of the folded text is of a script with capital letters."""
        ch = self.text[self._origins[at]]
        return ch.lower() != ch.upper()
