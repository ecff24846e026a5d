"""Normalizes dates and times of day."""

from __future__ import annotations

import re

from inference.text.normalization.locale import Locale
from inference.text.normalization.numbers import cardinal, year

_ISO = re.compile(r"(?P<before>(?<!\w)\w{1,12}\s+)?(?<![\w.-])(\d{4})-(\d{2})-(\d{2})(?:T(?=\d))?(?![\w-])")
_NUMERIC = re.compile(
    r"(?P<before>(?<!\w)\w{1,12}\s+)?(?<![\w./-])(\d{1,2})([./-])(\d{1,2})\3(\d{4}|\d{2})(?![\w/-]|\.\d)"
)
#: German: 24.12. with a period behind both.
_DAY_AND_MONTH = re.compile(r"(?P<before>(?<!\w)\w{1,12}\s+)?(?<![\w./-])(\d{1,2})\.\s?(\d{1,2})\.(?![\w/-]|\.)")
_CLOCK = re.compile(
    r"(?<![\w:.,])(\d{1,2})(?:(?:[:h]|\.(?=\d\d\s?[ap]\.?m\b))(\d{2})(?::\d{2}(?:\.\d{1,6})?)?|(?=\s?[ap]\.?m\b))(?:\s?(?P<half>[ap])(?:\.m\.|m\b))?"
    r"(?P<named>\s?(?:(?:Uhr|horas|heures|Z)\b|बजे))?(?![\w:])",
    re.I,
)
_HOURS = re.compile(r"(?<![\w:.,])(\d{1,2})\s?(?:Uhr|h)(?!\w)")
_SPANISH_HOURS = re.compile(r"(?<![\w:.,])([01]?\d|2[0-4]):00\s?h(?!\w)\.?(?=\s|$|[,;])")
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def dates(text: str, locale: Locale) -> str:
    """2026-11-22, 22/11/2026, 22.11.26, Nov 22, 22 November 2026. Leaves impossible dates unchanged."""
    text = _ISO.sub(lambda m: _date(m, m[4], m[3], m[2], locale), text)
    text = _NUMERIC.sub(lambda m: _numeric(m, locale), text)
    if locale.code == "de":
        text = _DAY_AND_MONTH.sub(lambda m: _date(m, m[2], m[3], None, locale), text)
    names = [f"{full}|{short}\\.?" for full, short in zip(locale.months, locale.months_short, strict=True)]
    any_month = "|".join(f"(?P<m{i}>{name})" for i, name in enumerate(names, 1))
    suffix = f"(?:{locale.day_suffix})?" if locale.day_suffix else ""
    of = r"(?:\s+(?:of|de|du|del))?"
    behind = r"(?:,?\s+(?:de[l]?\s+)?(?P<year>\d{4})(?![\w.,]\d|\w))?"
    day_month = (
        rf"(?P<before>(?<!\w)\w{{1,12}}\s+)?(?<![\w.,:])(?P<day>\d{{1,2}}){suffix}{of}\s+(?:{any_month})(?!\w){behind}"
    )
    # Case counts where months are capitalized: "may" and "march" are other words too.
    flags = re.I if locale.months[0].islower() else re.NOFLAG
    text = re.sub(day_month, lambda m: _named(m, locale), text, flags=flags)
    month_day = rf"(?<!\w)(?P<before>)(?:{any_month})\s+(?P<day>\d{{1,2}}){suffix}(?![\w:]|[.,]\d){behind}"
    if not locale.day_first:
        text = re.sub(month_day, lambda m: _named(m, locale), text, flags=flags)
    month_year = rf"(?<!\w)((?:{'|'.join(locale.months)})(?:\s+de)?\s+)(1[1-9]\d\d|20\d\d)(?!\w)"
    return re.sub(month_year, lambda m: m[1] + year(int(m[2]), locale), text, flags=flags)


def times(text: str, locale: Locale) -> str:
    """3:45 pm, 3 p.m., 14:30, 14h30, 14 Uhr. Drops seconds."""
    if locale.code == "es":
        text = _SPANISH_HOURS.sub(lambda m: f"{cardinal(int(m[1]), locale)} horas", text)
    text = _CLOCK.sub(lambda m: _clock(m, locale), text)
    if locale.code in {"de", "fr"}:
        text = _HOURS.sub(lambda m: locale.time(int(m[1]), 0, None) if int(m[1]) <= 24 else m[0], text)
    return text


def _numeric(match: re.Match[str], locale: Locale) -> str:
    first, second = int(match[2]), int(match[4])
    day, month = (first, second) if locale.day_first or first > 12 else (second, first)
    if locale.day_first and second > 12:
        day, month = second, first
    written = match[5]
    in_year = written if len(written) == 4 else f"{'19' if int(written) > 69 else '20'}{written}"
    return _date(match, str(day), str(month), in_year, locale)


def _named(match: re.Match[str], locale: Locale) -> str:
    month = next(i for i in range(1, 13) if match[f"m{i}"])
    return _date(match, match["day"], str(month), match["year"], locale)


def _date(match: re.Match[str], day: str, month: str, in_year: str | None, locale: Locale) -> str:
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= _DAYS_OF_MONTH[int(month) - 1]:
        return match[0]
    before = match["before"] or ""
    value = int(in_year) if in_year is not None and int(in_year) >= 1000 else None
    return before + locale.date(int(day), int(month), value, before.strip().lower())


def _clock(match: re.Match[str], locale: Locale) -> str:
    hour, minute = int(match[1]), int(match[2] or 0)
    if hour > 24 or minute > 59 or (match["half"] and hour > 12):
        return match[0]
    half = match["half"]
    words = locale.time(hour, minute, f"{half.lower()}m" if half else None)
    ends = match[0].endswith(".") and not words.endswith(".") and match.end() == len(match.string)
    return words + ("." if ends else "")
