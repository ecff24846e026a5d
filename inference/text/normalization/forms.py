"""Written text to what a person would say: one language, one ``Language``; the steps are the same for all."""

from __future__ import annotations

import re

from inference.text.normalization import amounts, dates, identifiers, places, ranges, scripts, shortened
from inference.text.normalization.cleaning import readable
from inference.text.normalization.locale import Language
from inference.text.normalization.locales.english import ENGLISH
from inference.text.normalization.locales.french import FRENCH
from inference.text.normalization.locales.german import GERMAN
from inference.text.normalization.locales.spanish import SPANISH

#: By ISO 639-1. A text in any other language is cleaned and otherwise left as it is written.
LANGUAGES: dict[str, Language] = {"en": ENGLISH, "es": SPANISH, "de": GERMAN, "fr": FRENCH}

#: The order matters: what an early step has put into words no later one sees as digits.
_STEPS = (
    identifiers.emails,
    identifiers.addresses,
    identifiers.cued_codes,
    identifiers.network_addresses,
    places.streets,
    places.postal_codes,
    shortened.months,
    ranges.short_dates,
    dates.dates,
    ranges.spans,
    dates.times,
    identifiers.dialled,
    amounts.money,
    amounts.percentages,
    amounts.quantities,
    ranges.rates,
    ranges.fractions,
    ranges.multiples,
    amounts.ordinals,
    identifiers.number_signs,
    identifiers.phones,
    identifiers.references,
    amounts.years,
    amounts.numbers,
    identifiers.acronyms,
    scripts.other_scripts,
)
_TIDY = (
    (re.compile(r"\s*\|\s*"), ", "),
    (re.compile(r"[<>{}\[\]\\^~=*_]+"), " "),
    (re.compile(r"\s+([,.;:!?])"), r"\1"),
    (re.compile(r"([A-Z]\.)\.(?!\.)"), r"\1"),  # the stop of "P.M." is that of the sentence too
    (re.compile(r",(?:\s*,)+"), ","),
    (re.compile(r"\s+"), " "),
)


def spoken_form(text: str, language: str) -> str:
    """One line of words and punctuation, without digits where the language is known.

    ``language``: ISO 639-1. Never fails, whatever the text; what cannot be said is left out.
    """
    text = readable(text)
    known = LANGUAGES.get(language)
    if known is not None:
        text = _abbreviations(shortened.days(text, known), known)
        for step in _STEPS:
            text = step(text, known)
        text = re.sub(r"(?<=\w)\s*&\s*(?=\w)", f" {known.and_} ", text)
        text = re.sub(r"(?<=\S)\s*@\s*(?=\S)", f" {known.at} ", text)
        text = re.sub(r"(?<=\w)[/:](?=\w)", " ", text)
    for pattern, replacement in _TIDY:
        text = pattern.sub(replacement, text)
    return text.strip()


def _abbreviations(text: str, language: Language) -> str:
    words = "|".join(re.escape(word) for word in sorted(language.abbreviations, key=len, reverse=True))
    pattern = rf"(?<![\w./])({words})(?![\w/])"

    def say(match: re.Match[str]) -> str:
        ends = match[1].endswith(".") and match.end() == len(match.string)
        return language.abbreviations[match[1]] + ("." if ends else "")

    text = re.sub(pattern, say, text)
    for beside, said in language.patterns:
        text = re.sub(beside, said, text)
    return text
