"""Comparable form of texts: folded words and digits, as people and recognizers write the same thing differently."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

#: Most characters of a text that are compared; bounds what a hostile conversation can cost.
MAX_CHARS = 10_000

_NUMBER = re.compile(r"\d{1,40}(?:[.,'’\u00a0 ]\d{1,40}){0,8}")


def tokens(text: str) -> tuple[str, ...]:
    """Words and numbers of a text: lower case, without accents on Latin letters, digits of any script as ASCII.

    Letters and digits that touch are tokens of their own: "AC-20417" is "ac", "20417".
    """
    pieces: list[str] = []
    last = ""
    for char in unicodedata.normalize("NFKD", text[:MAX_CHARS]).casefold():
        category = unicodedata.category(char)
        if category == "Mn" and char < "\u0370":  # an accent on a Latin letter; other scripts' marks are letters
            continue
        kind = "digit" if category == "Nd" else "letter" if category[0] in "LM" else ""
        if kind != last:
            pieces.append(" ")
        last = kind
        if kind:
            pieces.append(str(unicodedata.digit(char)) if kind == "digit" else char)
    return tuple("".join(pieces).split())


def squashed(text: str) -> str:
    """The tokens as one word, which compares codes and names whatever their grouping: "ac20417"."""
    return "".join(tokens(text))


def numbers_in(text: str) -> list[str]:
    """The numbers of a text as they are written, with the signs inside them: "1,200.50"."""
    return _NUMBER.findall(text[:MAX_CHARS])


def amounts(number: str) -> set[Decimal]:
    """What a written number may be worth, as signs group thousands or set off decimals: "1.200" is 1200 or 1.2."""
    plain = re.sub(r"[\s'’\u00a0]", "", number)
    digits = re.sub(r"\D", "", plain)
    found = {Decimal(digits)}
    whole, sign, decimals = plain.rpartition(max(".,", key=plain.rfind))
    if sign and sign in ".,":
        found.add(Decimal(f"{re.sub(r'[^0-9]', '', whole) or '0'}.{decimals}"))
    return found
