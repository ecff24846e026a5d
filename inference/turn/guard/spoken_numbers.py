"""Finds a number in a text that says it in words, by saying the number and comparing: no grammar of numbers needed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from num2words import num2words

from inference.turn.guard.words import squashed, tokens

#: Words between the parts of a number, which speakers use or leave out: "one hundred (and) five".
_JOINS = {"en": frozenset({"and"}), "es": frozenset({"y"}), "fr": frozenset({"et"})}

#: Digits that are said as one number: 61, 417, 2024.
_LONGEST_GROUP = 4
_MAX_DIGITS = 20


def says_number(digits: str, words: Sequence[str], language: str) -> bool:
    """Whether the words (``tokens`` of a text) say the digits: as one number, digit by digit, or in groups.

    ``language``: ISO 639-1; False where num2words does not speak it.
    """
    if not 0 < len(digits) <= _MAX_DIGITS or not digits.isascii() or not digits.isdigit():
        return False
    joins = _JOINS.get(language, frozenset())
    kept = [word for word in words if word not in joins]
    # Most words begin no number: looking at them first keeps long texts cheap.
    first = tuple(spoken for length in _lengths(digits) if (spoken := _spoken(digits[:length], language)))
    starts = (at for at, word in enumerate(kept) if any(spoken.startswith(word) for spoken in first))
    return any(_says(digits, kept, start, language) for start in starts)


def _says(digits: str, words: Sequence[str], start: int, language: str) -> bool:
    if not digits:
        return True
    for length in _lengths(digits):
        spoken = _spoken(digits[:length], language)
        end = _match(spoken, words, start) if spoken else None
        if end is not None and _says(digits[length:], words, end, language):
            return True
    return False


def _lengths(digits: str) -> list[int]:
    """How many of the digits may be said as one number: a group, or all."""
    return [*range(1, min(_LONGEST_GROUP, len(digits)) + 1), *([len(digits)] if len(digits) > _LONGEST_GROUP else [])]


def _match(spoken: str, words: Sequence[str], start: int) -> int | None:
    """The index behind the words that are ``spoken``, joined; None if they are not."""
    said, at = "", start
    while len(said) < len(spoken) and at < len(words):
        said += words[at]
        at += 1
    return at if said == spoken else None


@lru_cache(4096)
def _spoken(digits: str, language: str) -> str:
    """The number in words, joined; "" where it is not said as one number, or the language is unknown."""
    if len(digits) > 1 and digits[0] == "0":
        return ""
    try:
        words = tokens(str(num2words(int(digits), lang=language)))
    except (NotImplementedError, OverflowError):
        return ""
    joins = _JOINS.get(language, frozenset())
    return squashed(" ".join(word for word in words if word not in joins))
