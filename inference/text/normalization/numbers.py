"""Numbers in words. num2words (LGPL, used as it comes) knows the words; here is what is around them."""

from __future__ import annotations

import re

from num2words import num2words

from inference.text.normalization.locale import Language

#: More digits than this are read one by one: nobody says quintillions.
_MOST_DIGITS = 15


def cardinal(value: int, language: Language) -> str:
    """ "twenty-one", of at most 15 digits."""
    return str(num2words(value, lang=language.numbers)).replace(",", "")


def ordinal(value: int, language: Language) -> str:
    """ "twenty-first"."""
    return str(num2words(value, lang=language.numbers, to="ordinal")).replace(",", "")


def year(value: int, language: Language) -> str:
    """ "nineteen ninety-nine"."""
    return str(num2words(value, lang=language.numbers, to="year")).replace(",", "").replace("oh-", "oh ")


def digits(run: str, language: Language) -> str:
    """One by one, in groups of three or four, with a comma's pause between groups."""
    names = [cardinal(int(digit), language) for digit in run]
    return ", ".join(" ".join(names[start:end]) for start, end in _groups(len(names)))


def _groups(count: int) -> list[tuple[int, int]]:
    """Up to five in one breath; of more, threes, and the rest, of up to four, last: 555 867 5309."""
    groups, start = [], 0
    while count > 5 and count - start > 4:
        groups.append((start, start + 3))
        start += 3
    return [*groups, (start, count)]


def split_number(written: str, language: Language) -> tuple[str, str]:
    """The digits before and after the decimal sign of "1,234.56", "1.234,56", "12,50" or "3.5".

    With both signs the last is the decimal one. With one it is the language's habit, unless the digits behind it
    say otherwise: three of them are a group of thousands, one or two are decimals.
    """
    written = re.sub(r"[\s'\u00a0\u202f]", "", written)
    signs = [c for c in written if c in ".,"]
    if not signs:
        return written, ""
    whole, _, tail = written.rpartition(signs[-1])
    several = len(signs) > 1 and len(set(signs)) == 1
    foreign = signs[-1] != language.decimal_sign
    if several or (foreign and len(tail) == 3 and len(signs) == 1):
        whole, tail = written, ""
    return re.sub(r"\D", "", whole), tail


def number(written: str, language: Language) -> str:
    """A number as written, grouped and decimal digits included, in words."""
    whole, decimals = split_number(written, language)
    words = digits(whole, language) if len(whole) > _MOST_DIGITS else cardinal(int(whole or "0"), language)
    if decimals:
        words += f" {language.point} " + " ".join(cardinal(int(d), language) for d in decimals)
    return words


def counted(written: str, one: str, many: str, language: Language, *, feminine: bool = False) -> str:
    """A number and its noun: "one dollar", "veintiún euros"."""
    whole, decimals = split_number(written, language)
    single = whole.lstrip("0") == "1" and not decimals
    words = number(written, language)
    if not decimals:
        words = before_noun(words, language, feminine=feminine)
    return f"{words} {one if single else many}"


def before_noun(words: str, language: Language, *, feminine: bool = False) -> str:
    """What "uno", "eins" become before the thing that is counted."""
    for ending, masculine, female in language.counting:
        if words.endswith(ending):
            return words[: len(words) - len(ending)] + (female if feminine else masculine)
    return words
