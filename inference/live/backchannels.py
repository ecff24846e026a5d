"""Backchannels: whether what a caller says over a reply only shows that they listen ("uh-huh", "okay, I see").

Such words do not interrupt the reply. They are data (``backchannels.toml``), one table a language, and are compared as
recognisers write them: "Mm-hmm.", "mhm", "OK", "O.K.", "Sí, sí", "yeaaah".
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

from inference.live.open_ends import words_of

#: Characters of what may be a backchannel; longer text takes the turn.
_LONGEST = 80

#: Sounds as recognisers write them: "[laughs]", "(music)", "*coughs*".
_SOUND = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|[♪♫]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_REPEATED = re.compile(r"([^\W\d_])\1+")


def is_backchannel(text: str, language: str, own: tuple[str, ...] | None = None) -> bool:
    """Whether the text consists of backchannels alone, one or several.

    ``text``: a partial or final transcript. ``language``: ISO 639-1. ``own``: the call's phrases, which replace those
    of the language; empty for none. False for a text without words: a cough is not speech, which the caller of this
    function tells by the text being empty.
    """
    words = _normalized(text[: _LONGEST + 1])
    if not words or len(text) > _LONGEST:
        return False
    phrases = _phrases(language) if own is None else _known(own)
    longest = max(map(len, phrases), default=0)
    reached = {0}  # positions up to which the words are backchannels
    for start in range(len(words)):
        if start in reached:
            ends = range(start + 1, min(start + longest, len(words)) + 1)
            reached.update(end for end in ends if tuple(words[start:end]) in phrases)
    return len(words) in reached


@lru_cache
def _phrases(language: str) -> frozenset[tuple[str, ...]]:
    table: dict[str, dict[str, str]] = tomllib.loads(
        (files(__package__) / "backchannels.toml").read_text(encoding="utf-8")
    )
    listed = (table.get(each, {}).get("phrases", "") for each in ("any", language))
    return _known(phrase for phrases in listed for phrase in phrases.split(","))


def _known(phrases: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """Phrases as tuples of words, each also written as one word ("uhhuh", "allright")."""
    found = {tuple(_normalized(phrase)) for phrase in phrases} - {()}
    return frozenset(found | {(_squeezed("".join(each)),) for each in found})


def _normalized(text: str) -> list[str]:
    """Words without case, accents, marks and repeated letters; Devanagari and Arabic vowel signs stay."""
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", _SOUND.sub(" ", text))))
    return [_squeezed(word) for word in words_of(plain.replace("’", "'"))]


def _squeezed(word: str) -> str:
    return _REPEATED.sub(r"\1", word)
