"""Text as cues are matched in: lower case, without accents, Urdu script as Devanagari. Positions lead back."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from inference.engines.scripted.understanding.urdu import devanagari

#: Combining marks of Latin letters, and the nukta of Devanagari, which many leave out.
_DROPPED = {*range(0x300, 0x370), 0x93C, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0xFEFF, 0xAD}
_SAME = {0x2019: "'", 0x2018: "'", 0x02BC: "'", 0xB4: "'", 0x60: "'", 0x901: "ं", 0xDF: "ss", 0xE6: "ae", 0x153: "oe"}


@dataclass(frozen=True, slots=True)
class Normalized:
    """``source[n]``: the position in the original text of the character ``text[n]``; one more for the end."""

    original: str
    text: str
    source: tuple[int, ...]

    def slice(self, start: int, end: int) -> str:
        """The original text of a span of the normalized one."""
        return self.original[self.source[start] : self.source[end]]


@lru_cache(4096)
def normalized(text: str) -> Normalized:
    """Normalizes a text."""
    pieces: list[str] = []
    source: list[int] = []
    for at, piece in devanagari(text):
        for ch in unicodedata.normalize("NFD", piece.lower()):
            if ord(ch) in _DROPPED:
                continue
            same = _SAME.get(ord(ch), ch)
            pieces.append(same)
            source.extend([at] * len(same))
    return Normalized(text, "".join(pieces), (*source, len(text)))
