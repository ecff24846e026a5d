"""Reference codes of CRM records: short, easy to understand over a telephone, never pronounceable as a word."""

from __future__ import annotations

import secrets

#: Letters whose names are distinguishable over a telephone (docs/decisions/2026-11-25-reference-codes.md).
LETTERS = "BKLRXY"
DIGITS = "0123456789"

#: L stands for a letter, D for a digit. Two letters never stand side by side, so no part of a reference is a word
#: that a synthesizer could pronounce instead of spelling. 36 million codes a tenant with six letters.
PATTERN = "LDDDLDDD"


def new_reference() -> str:
    """A random code of ``PATTERN``; whether it is free is the caller's to check."""
    return "".join(secrets.choice(LETTERS if place == "L" else DIGITS) for place in PATTERN)
