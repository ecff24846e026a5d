"""Text normalization for text-to-speech: turns written text into its spoken form by the rules of a ``Locale``."""

from __future__ import annotations

import re

from inference.text.normalization import (
    amounts,
    calendar_abbreviations,
    dates,
    identifiers,
    other_scripts,
    places,
    ranges,
)
from inference.text.normalization.cleaning import clean
from inference.text.normalization.locale import Locale
from inference.text.normalization.locales.de import GERMAN
from inference.text.normalization.locales.en import ENGLISH
from inference.text.normalization.locales.es import SPANISH
from inference.text.normalization.locales.fr import FRENCH
from inference.text.normalization.locales.hi import HINDI

#: By ISO 639-1. Text in any other language is cleaned and otherwise unchanged.
LOCALES: dict[str, Locale] = {"en": ENGLISH, "es": SPANISH, "de": GERMAN, "fr": FRENCH, "hi": HINDI}

#: The order matters: later steps do not see digits that an earlier step has put into words.
_STEPS = (
    identifiers.emails,
    identifiers.urls,
    identifiers.cued_codes,
    identifiers.ip_addresses,
    places.streets,
    places.postal_codes,
    calendar_abbreviations.months,
    ranges.short_dates,
    dates.dates,
    ranges.spans,
    dates.times,
    identifiers.short_numbers,
    amounts.money,
    amounts.percentages,
    amounts.quantities,
    ranges.rates,
    ranges.fractions,
    ranges.multiples,
    amounts.ordinals,
    identifiers.number_signs,
    identifiers.phone_numbers,
    identifiers.references,
    amounts.years,
    amounts.numbers,
    identifiers.acronyms,
    other_scripts.replace_other_scripts,
)
_TIDY = (
    (re.compile(r"\s*\|\s*"), ", "),
    (re.compile(r"[<>{}\[\]\\^~=*_]+"), " "),
    (re.compile(r"\s+([,.;:!?।])"), r"\1"),
    (re.compile(r"([A-Z]\.)\.(?!\.)"), r"\1"),  # the period of "P.M." ends the sentence too
    (re.compile(r",(?:\s*,)+"), ","),
    (re.compile(r"\s+"), " "),
)


def spoken_form(text: str, language: str) -> str:
    """One line of words and punctuation; without digits for a language of ``LOCALES``.

    ``language``: ISO 639-1. Accepts any text; leaves out characters that cannot be spoken.
    """
    text = clean(text)
    locale = LOCALES.get(language)
    if locale is not None:
        text = _abbreviations(calendar_abbreviations.days(text, locale), locale)
        for step in _STEPS:
            text = step(text, locale)
        text = re.sub(r"(?<=\w)\s*&\s*(?=\w)", f" {locale.and_} ", text)
        text = re.sub(r"(?<=\S)\s*@\s*(?=\S)", f" {locale.at} ", text)
        text = re.sub(r"(?<=\w)[/:](?=\w)", " ", text)
    for pattern, replacement in _TIDY:
        text = pattern.sub(replacement, text)
    return text.strip()


def _abbreviations(text: str, locale: Locale) -> str:
    words = "|".join(re.escape(word) for word in sorted(locale.abbreviations, key=len, reverse=True))
    pattern = rf"(?<![\w./])({words})(?![\w/])"

    def say(match: re.Match[str]) -> str:
        ends = match[1].endswith(".") and match.end() == len(match.string)
        return locale.abbreviations[match[1]] + ("." if ends else "")

    text = re.sub(pattern, say, text)
    for contextual, said in locale.contextual_abbreviations:
        text = re.sub(contextual, said, text)
    return text
