"""Normalizes ranges, fractions, multiples and rates: 2-3 hrs, $20-$30, 1/3, 3x, 10k, ~20, €/month."""

from __future__ import annotations

import re

from inference.text.normalization.locale import Locale
from inference.text.normalization.numbers import before_noun, cardinal, ordinal

_NUMBER = r"\d{1,6}(?:[.,]\d{1,2})?"
_SIGN = r"[$€£₹]"
_STEP = r"step|page|part|question|level|round|schritt|seite|paso|página|étape|page"


def spans(text: str, locale: Locale) -> str:
    """Ranges of money, measures and times. Bare numbers come later: telephone numbers have hyphens too."""
    to = f" {locale.to} "
    units = "|".join(re.escape(unit) for unit in sorted(locale.units, key=len, reverse=True))
    quantity = rf"(?:{units}|%|{_SIGN}|Uhr|hours?|days?|weeks?|months?|years?|minutes?|Tage|Wochen|días|semanas|jours)"
    text = re.sub(rf"(?<![\w.,])({_SIGN})({_NUMBER})\s?[-–—]\s?(?=\1\d)", rf"\1\2{to}", text)
    text = re.sub(rf"(?<![\w.,])({_SIGN})({_NUMBER})\s?[-–—]\s?({_NUMBER})(?![\w.,/-]\d|\w)", rf"\2{to}\1\3", text)
    text = re.sub(rf"(?<![\w.,/-])({_NUMBER})\s?[-–—]\s?(?={_NUMBER}\s?{quantity}(?!\w))", rf"\1{to}", text)
    clock = r"\d{1,2}(?::\d\d)?\s?[ap]\.?m\b|\d{1,2}:\d\d"
    return re.sub(rf"(?i)(?<![\w:.,])({clock}\.?)\s?[-–—]\s?(?=(?:{clock})(?!\w))", rf"\1{to}", text)


def fractions(text: str, locale: Locale) -> str:
    """Fractions, as 2 1/2 and 1/3, and positions, as "step 1/5"."""
    if not locale.fractions:
        return text
    text = re.sub(rf"(?i)(?<!\w)({_STEP})\s(\d{{1,3}})/(\d{{1,3}})(?![\w/])", rf"\1 \2 {locale.of} \3", text)

    def say(match: re.Match[str]) -> str:
        whole, over, under = match["whole"], int(match["over"]), int(match["under"])
        if not 0 < over < under or under not in locale.fractions:
            return match[0]
        one, many = locale.fractions[under]
        part = f"{before_noun(cardinal(over, locale), locale)} {many}" if over > 1 else one
        return part if whole is None else f"{cardinal(int(whole), locale)} {locale.and_} {part}"

    return re.sub(
        r"(?<![\w./,-])(?:(?P<whole>\d{1,3})\s)?(?P<over>\d{1,2})/(?P<under>\d{1,2})(?![\w/]|[.,]\d)", say, text
    )


def multiples(text: str, locale: Locale) -> str:
    """3x, 1920x1080, 10k, 1.2M, ~20, 100+, ¢."""
    text = re.sub(r"(?<![\w.,])(\d{1,5})\s?[x×]\s?(?=\d{1,5}(?!\w))", rf"\1 {locale.by} ", text)
    text = re.sub(r"(?<![\w.,])(\d{1,3}(?:[.,]\d)?)[x×](?!\w)", rf"\1 {locale.times}", text)
    text = re.sub(r"(?<![\w.,$€£₹])(\d{1,3})k(?=\s[a-z]|[.,!?]|$)", r"\g<1>000", text)
    text = re.sub(
        r"(?<![\w.,$€£₹])(\d{1,3}(?:[.,]\d{1,2})?)M(?=\s[a-z])", rf"\1 {locale.million[1].removesuffix(' de')}", text
    )
    text = re.sub(r"(?<!\w)[~≈]\s?(?=\d)", f"{locale.about} ", text)
    return re.sub(r"(?<=\d)\+(?=\s|[.,!?]|$)", f" {locale.plus}", text)


def rates(text: str, locale: Locale) -> str:
    """Units of rates: /month, /Monat."""
    names = "|".join(sorted(map(re.escape, locale.per), key=len, reverse=True))
    return re.sub(rf"(?<=[\w¢€%])\s?/\s?({names})(?!\w)(?:\.(?=\s[a-z]))?", lambda m: f" {locale.per[m[1]]}", text)


def short_dates(text: str, locale: Locale) -> str:
    """Month and day without a year, as in "on 11/30": the cue word tells it from a fraction."""
    if locale.day_first:
        return text
    cue = r"on|by|from|to|until|till|before|after|since|due|through|dated"

    def say(match: re.Match[str]) -> str:
        month, day = int(match[2]), int(match[3])
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return match[0]
        return f"{match[1]}{locale.months[month - 1]} {ordinal(day, locale)}"

    return re.sub(rf"(?i)(?<!\w)((?:{cue})\s)(\d{{1,2}})/(\d{{1,2}})(?![\w/]|[.,]\d)", say, text)
