"""Spans, fractions, multiples and rates: 2-3 hrs, $20-$30, 1/3, 3x, 10k, ~20, €/month."""

from __future__ import annotations

import re

from inference.text.normalization.locale import Language
from inference.text.normalization.numbers import before_noun, cardinal, ordinal

_NUMBER = r"\d{1,6}(?:[.,]\d{1,2})?"
_SIGN = r"[$€£₹]"
_STEP = r"step|page|part|question|level|round|schritt|seite|paso|página|étape|page"


def spans(text: str, language: Language) -> str:
    """Of money, quantities and times; those of bare numbers come later, for telephone numbers have hyphens too."""
    to = f" {language.to} "
    units = "|".join(re.escape(unit) for unit in sorted(language.units, key=len, reverse=True))
    counted = rf"(?:{units}|%|{_SIGN}|Uhr|hours?|days?|weeks?|months?|years?|minutes?|Tage|Wochen|días|semanas|jours)"
    text = re.sub(rf"(?<![\w.,])({_SIGN})({_NUMBER})\s?[-–—]\s?(?=\1\d)", rf"\1\2{to}", text)
    text = re.sub(rf"(?<![\w.,])({_SIGN})({_NUMBER})\s?[-–—]\s?({_NUMBER})(?![\w.,/-]\d|\w)", rf"\2{to}\1\3", text)
    text = re.sub(rf"(?<![\w.,/-])({_NUMBER})\s?[-–—]\s?(?={_NUMBER}\s?{counted}(?!\w))", rf"\1{to}", text)
    clock = r"\d{1,2}(?::\d\d)?\s?[ap]\.?m\b|\d{1,2}:\d\d"
    return re.sub(rf"(?i)(?<![\w:.,])({clock}\.?)\s?[-–—]\s?(?=(?:{clock})(?!\w))", rf"\1{to}", text)


def fractions(text: str, language: Language) -> str:
    """2 1/2 and 1/3, and "step 1/5", which is none."""
    if not language.fractions:
        return text
    text = re.sub(rf"(?i)(?<!\w)({_STEP})\s(\d{{1,3}})/(\d{{1,3}})(?![\w/])", rf"\1 \2 {language.of} \3", text)

    def say(match: re.Match[str]) -> str:
        whole, over, under = match["whole"], int(match["over"]), int(match["under"])
        if not 0 < over < under or under not in language.fractions:
            return match[0]
        one, many = language.fractions[under]
        part = f"{before_noun(cardinal(over, language), language)} {many}" if over > 1 else one
        return part if whole is None else f"{cardinal(int(whole), language)} {language.and_} {part}"

    return re.sub(
        r"(?<![\w./,-])(?:(?P<whole>\d{1,3})\s)?(?P<over>\d{1,2})/(?P<under>\d{1,2})(?![\w/]|[.,]\d)", say, text
    )


def multiples(text: str, language: Language) -> str:
    """3x, 1920x1080, 10k, 1.2M, ~20, 100+, ¢."""
    text = re.sub(r"(?<![\w.,])(\d{1,5})\s?[x×]\s?(?=\d{1,5}(?!\w))", rf"\1 {language.by} ", text)
    text = re.sub(r"(?<![\w.,])(\d{1,3}(?:[.,]\d)?)[x×](?!\w)", rf"\1 {language.times}", text)
    text = re.sub(r"(?<![\w.,$€£₹])(\d{1,3})k(?=\s[a-z]|[.,!?]|$)", r"\g<1>000", text)
    text = re.sub(
        r"(?<![\w.,$€£₹])(\d{1,3}(?:[.,]\d{1,2})?)M(?=\s[a-z])", rf"\1 {language.million[1].removesuffix(' de')}", text
    )
    text = re.sub(r"(?<!\w)[~≈]\s?(?=\d)", f"{language.about} ", text)
    return re.sub(r"(?<=\d)\+(?=\s|[.,!?]|$)", f" {language.plus}", text)


def rates(text: str, language: Language) -> str:
    """The unit of a price or a speed: /month, /Monat."""
    names = "|".join(sorted(map(re.escape, language.per), key=len, reverse=True))
    return re.sub(rf"(?<=[\w¢€%])\s?/\s?({names})(?!\w)(?:\.(?=\s[a-z]))?", lambda m: f" {language.per[m[1]]}", text)


def short_dates(text: str, language: Language) -> str:
    """Month and day without a year, told from a fraction by the word before: on 11/30."""
    if language.day_first:
        return text
    cue = r"on|by|from|to|until|till|before|after|since|due|through|dated"

    def say(match: re.Match[str]) -> str:
        month, day = int(match[2]), int(match[3])
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return match[0]
        return f"{match[1]}{language.months[month - 1]} {ordinal(day, language)}"

    return re.sub(rf"(?i)(?<!\w)((?:{cue})\s)(\d{{1,2}})/(\d{{1,2}})(?![\w/]|[.,]\d)", say, text)
