"""The words and rules of a language that text normalization needs, as a ``Locale``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Currency:
    """Names of a currency and of its hundredth, singular and plural."""

    singular: str
    plural: str
    minor_singular: str
    minor_plural: str
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Locale:
    """``code``: ISO 639-1, which num2words takes too, unless ``cardinal``, ``ordinal`` and ``year`` give the words of
    numbers. Plain strings are words of the language.

    ``date`` renders day, month 1..12, year or None, and the word before the date in lower case. ``time`` renders hour,
    minute, and "am", "pm" or None. ``says_cents``: "two euros and five cents" rather than "two euros five".
    """

    code: str
    decimal_sign: str
    point: str
    minus: str
    plus: str
    percent: str
    to: str
    at: str
    dot: str
    dash: str
    underscore: str
    slash: str
    number: str
    and_: str
    million: tuple[str, str]
    billion: tuple[str, str]
    months: tuple[str, ...]
    months_short: tuple[str, ...]
    date: Callable[[int, int, int | None, str], str]
    time: Callable[[int, int, str | None], str]
    currencies: Mapping[str, Currency]
    money_conjunction: str
    says_cents: bool
    units: Mapping[str, tuple[str, str]]
    abbreviations: Mapping[str, str]
    cardinal: Callable[[int], str] | None = None
    ordinal: Callable[[int], str] | None = None
    year: Callable[[int], str] | None = None
    #: The scripts of words that the voices can read, as in Unicode's names of characters.
    scripts: tuple[str, ...] = ("LATIN",)
    #: Abbreviations that need context, as (regular expression, replacement): p. 12, Hauptstr. 5.
    contextual_abbreviations: tuple[tuple[str, str], ...] = ()
    #: Abbreviated days of the week -> full names.
    weekdays: Mapping[str, str] = field(default_factory=dict)
    #: Units after a slash: "month" -> "per month".
    per: Mapping[str, str] = field(default_factory=dict)
    #: Denominator -> singular and plural: 3 -> ("one third", "thirds").
    fractions: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    of: str = "of"
    by: str = "by"
    times: str = "times"
    about: str = "about"
    version: str = "version"
    port: str = "port"
    #: Replaces words in a script that the voice cannot read.
    other_script: str = "a word in another script"
    #: Regular expression of words before a short telephone number.
    dial_cues: str = r"(?!)"
    #: Regular expression of words before the last digits of a card or an account.
    last_digits_cues: str = r"(?!)"
    day_first: bool = True
    #: Regular expression of the suffix of a day's number: 3rd, 1er, 3.
    day_suffix: str = ""
    #: Lower-case words after which a number of four digits is a year.
    year_cues: frozenset[str] = frozenset()
    #: Regular expression of the suffix of an ordinal: 3rd.
    ordinal_suffix: str | None = None
    #: Changes a number's last word before a noun, as (ending, masculine, feminine): uno -> un, una.
    before_noun_forms: tuple[tuple[str, str, str], ...] = ()
    #: Whether the noun "million" is feminine: eine Million.
    feminine_million: bool = False
    #: Whether spelled letters get a period, "A.B.": so the voice does not read "A" as an article.
    dotted_letters: bool = False
