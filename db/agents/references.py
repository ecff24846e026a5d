"""Reference codes of CRM records: short, easy to understand over a telephone, never pronounceable as a word."""

from __future__ import annotations

import secrets

#: Letters whose names are distinguishable over a telephone (docs/decisions/2026-11-25-reference-codes.md).
LETTERS = "BKLRXY"
DIGITS = "0123456789"

#: L stands for a letter, D for a digit. Two letters never stand side by side, so no part of a reference is a word
#: that a synthesizer could pronounce instead of spelling. 36 million codes a tenant with six letters.
PATTERN = "LDDDLDDD"

_SEPARATORS = str.maketrans({" ": None, "-": None})

#: Letters that are taken for digits (Crockford's base 32, of which the six characters of earlier references were).
_TAKEN_FOR_DIGITS = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_reference() -> str:
    """A random code of ``PATTERN``; whether it is free is the caller's to check."""
    return "".join(secrets.choice(LETTERS if place == "L" else DIGITS) for place in PATTERN)


def as_stored(given: str) -> str:
    """A reference as it is stored, of one that somebody typed: capitals, no spaces, no hyphens.

    Of today's pattern: letters for digits that look alike are read as digits. Others are of the earlier pattern, in
    Crockford's base 32, which has no I, L and O. What can be no reference is returned all the same, and found nowhere.
    """
    typed = given.upper().translate(_SEPARATORS)
    digits = typed.translate(_TAKEN_FOR_DIGITS)
    if len(typed) != len(PATTERN):
        return digits
    today = "".join(typed[at] if place == "L" else digits[at] for at, place in enumerate(PATTERN))
    fits = all(each in (LETTERS if place == "L" else DIGITS) for each, place in zip(today, PATTERN, strict=True))
    return today if fits else digits
