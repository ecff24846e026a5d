"""Expands abbreviated weekdays and months: Mon-Fri, Thu, Dec 3, Oct. to Dec."""

from __future__ import annotations

import re
from functools import partial

from inference.text.normalization.locale import Locale

#: Abbreviations that are words too: expanded only beside another day, a date or a preposition.
_AMBIGUOUS = frozenset({"Sat", "Sun", "Mo", "Di", "Mi", "Do", "Fr", "Sa", "So", "mar", "mer", "dom"})
_JOINT = r"(?:\s?[-–—/&]\s?|,?\s(?:to|and|or|through|thru|a|y|al|bis|und|oder|au|et|à|e|ou)\s|,\s)"
_PREPOSITION = re.compile(r"(?:^|\s)(?:on|every|each|this|next|last|until|till|by|from|through|jeden|los|le|chaque)\s$")
_DATE = re.compile(r",?\s(?:(?:the|den|el|le|der)\s)?(?:\d{1,2}(?!\d)|[A-Z][a-z]{2,8}\.?\s\d)")
#: Characters of context that are examined before and after an abbreviation.
_CONTEXT = 24


def days(text: str, locale: Locale) -> str:
    """Expands weekdays; writes a range, as Mon-Fri, with "to"."""
    if not locale.weekdays:
        return text
    names = {**locale.weekdays, **{full: full for full in locale.weekdays.values()}}
    any_day = "|".join(sorted(names, key=len, reverse=True))
    behind = re.compile(rf"{_JOINT}(?:{any_day})(?!\w)")
    ahead = re.compile(rf"(?<!\w)(?:{any_day})\.?{_JOINT}$")

    def say(match: re.Match[str]) -> str:
        short, dot = match["day"], match["dot"]
        after = match.string[match.end() : match.end() + _CONTEXT]
        before = match.string[max(0, match.start() - _CONTEXT) : match.start()]
        if locale.code == "de" and (
            (short == "So" and after.startswith(",")) or (short == "Fr" and dot and re.match(r"\s[A-ZÄÖÜ]", after))
        ):
            return match[0]  # "So, das war es" and "Fr. Weber"
        beside = behind.match(after) or ahead.search(before) or _DATE.match(after)
        clear = short not in _AMBIGUOUS and (locale.code == "en" or bool(dot))
        if not (beside or clear or _PREPOSITION.search(before)):
            return match[0]
        return names[short] + ("." if dot and match.end() == len(match.string) else "")

    shorts = "|".join(sorted(locale.weekdays, key=len, reverse=True))
    text = re.sub(rf"(?<![\w.])(?P<day>{shorts})(?!\w)(?P<dot>\.?)", say, text)
    full = "|".join(sorted(set(locale.weekdays.values())))
    return re.sub(rf"(?<!\w)({full})\s?[-–—]\s?(?=(?:{full})(?!\w))", rf"\1 {locale.to} ", text)


def months(text: str, locale: Locale) -> str:
    """Expands months without a day (in Feb., Sept. 2025, Oct. to Dec., Jan-Mar) and ranges of days (Nov 28-30)."""

    def whole(name: str, match: re.Match[str]) -> str:
        ends = match[0].endswith(".") and match.end() == len(match.string)
        return f"{name}." if ends else name

    for short, name in zip(locale.months_short, locale.months, strict=True):
        alone = rf"(?<![\w.])(?<!\d\s)(?<!\d\sde\s)(?:{short})\.(?!\s?\d{{1,2}}(?!\d))(?!\w)"
        text = re.sub(alone, partial(whole, name), text)
        text = re.sub(
            rf"(?<![\w.])(?<!\d\s)(?:{short})(?=\s\d{{4}}(?!\d)|\s?[-–]\s?[A-Z][a-z]{{2,8}}(?!\w))", name, text
        )
        text = re.sub(rf"(?<=[a-z][-–])(?:{short})(?!\w)", name, text)
    any_month = "|".join(locale.months)
    text = re.sub(rf"(?<!\w)({any_month})\s?[-–—]\s?(?=(?:{any_month})(?!\w))", rf"\1 {locale.to} ", text)
    if locale.code == "en":
        short = "|".join(locale.months_short)
        text = re.sub(rf"(?<!\w)((?:{any_month}|{short})\.?\s)(\d{{1,2}})\s?[-–—]\s?(\d{{1,2}})(?![\w/-])", _span, text)
    return text


def _span(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]} to {match[3]}{_ordinal_ending(int(match[3]))}"


def _ordinal_ending(day: int) -> str:
    return "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
