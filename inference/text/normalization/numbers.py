"""Numbers in words, by num2words (LGPL, unmodified): cardinals, ordinals, years, decimals, digit by digit."""

from __future__ import annotations

import re

from num2words import num2words

from inference.text.normalization.locale import Locale

#: Longer numbers are read digit by digit: nobody says quintillions.
_MAX_DIGITS = 15


def cardinal(value: int, locale: Locale) -> str:
    """ "twenty-one"; for at most 15 digits."""
    if locale.cardinal is not None:
        return locale.cardinal(value)
    return str(num2words(value, lang=locale.code)).replace(",", "")


def ordinal(value: int, locale: Locale) -> str:
    """ "twenty-first"."""
    if locale.ordinal is not None:
        return locale.ordinal(value)
    return str(num2words(value, lang=locale.code, to="ordinal")).replace(",", "")


def year(value: int, locale: Locale) -> str:
    """ "nineteen ninety-nine"."""
    if locale.year is not None:
        return locale.year(value)
    return str(num2words(value, lang=locale.code, to="year")).replace(",", "").replace("oh-", "oh ")


def digits(run: str, locale: Locale) -> str:
    """Digit by digit, in groups with a comma between them, which a voice reads as a pause."""
    names = [cardinal(int(digit), locale) for digit in run]
    return ", ".join(" ".join(names[start:end]) for start, end in _groups(len(names)))


def _groups(count: int) -> list[tuple[int, int]]:
    """Up to five digits are one group; more are groups of three and a last one of up to four: 555 867 5309."""
    groups, start = [], 0
    while count > 5 and count - start > 4:
        groups.append((start, start + 3))
        start += 3
    return [*groups, (start, count)]


def split_number(written: str, locale: Locale) -> tuple[str, str]:
    """The digits before and after the decimal sign of "1,234.56", "1.234,56", "12,50" or "3.5".

    Of two different signs the last is the decimal sign. A repeated sign groups thousands. A single one is the decimal
    sign, unless it is not the locale's and three digits follow.
    """
    written = re.sub(r"[\s'\u00a0\u202f]", "", written)
    signs = [c for c in written if c in ".,"]
    if not signs:
        return written, ""
    whole, _, tail = written.rpartition(signs[-1])
    several = len(signs) > 1 and len(set(signs)) == 1
    foreign = signs[-1] != locale.decimal_sign
    if several or (foreign and len(tail) == 3 and len(signs) == 1):
        whole, tail = written, ""
    return re.sub(r"\D", "", whole), tail


def number(written: str, locale: Locale) -> str:
    """A written number, grouped or decimal, in words."""
    whole, decimals = split_number(written, locale)
    words = digits(whole, locale) if len(whole) > _MAX_DIGITS else cardinal(int(whole or "0"), locale)
    if decimals:
        words += f" {locale.point} " + " ".join(cardinal(int(d), locale) for d in decimals)
    return words


def quantity(written: str, one: str, many: str, locale: Locale, *, feminine: bool = False) -> str:
    """A number in words with its noun, singular or plural: "one dollar", "veintiún euros"."""
    whole, decimals = split_number(written, locale)
    single = whole.lstrip("0") == "1" and not decimals
    words = number(written, locale)
    if not decimals:
        words = before_noun(words, locale, feminine=feminine)
    return f"{words} {one if single else many}"


def before_noun(words: str, locale: Locale, *, feminine: bool = False) -> str:
    """A number in words as it is inflected before a noun: "uno" becomes "un", "eins" becomes "ein"."""
    for ending, masculine, female in locale.before_noun_forms:
        if words.endswith(ending):
            return words[: len(words) - len(ending)] + (female if feminine else masculine)
    return words
