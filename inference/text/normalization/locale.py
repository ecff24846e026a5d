"""What a language needs to say numbers, money, dates and names of things: one ``Language`` each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency's names, for one and for several, and those of its hundredth."""

    one: str
    many: str
    cent: str
    cents: str
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """``numbers`` is the language's name in num2words; the other words are the language's own.

    ``date`` takes day, month 1..12, year or null, and the word before the date in lower case; ``time`` takes hour,
    minute, and "am", "pm" or null. ``counting`` changes a number's last word where a noun follows, as (ending,
    masculine, feminine). ``names_cents``: "two euros and five cents" and not "two euros five".
    """

    numbers: str
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
    money_joint: str
    names_cents: bool
    units: Mapping[str, tuple[str, str]]
    abbreviations: Mapping[str, str]
    #: Abbreviations that stand beside something, as (pattern, what is said): p. 12, Hauptstr.
    patterns: tuple[tuple[str, str], ...] = ()
    #: The shortened days of the week.
    weekdays: Mapping[str, str] = field(default_factory=dict)
    #: Behind a slash: "month" -> "per month".
    per: Mapping[str, str] = field(default_factory=dict)
    #: By the number below the line, for one and for several: 3 -> ("one third", "thirds").
    fractions: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    of: str = "of"
    by: str = "by"
    times: str = "times"
    about: str = "about"
    version: str = "version"
    port: str = "port"
    #: Said in the place of words that are written in a script which the voice cannot read.
    other_script: str = "a word in another script"
    #: Words before a short number that is dialled, as a pattern.
    dial: str = r"(?!)"
    #: Words before the last digits of a card or an account, as a pattern.
    ending: str = r"(?!)"
    day_first: bool = True
    #: Written behind the number of a day: the 3rd, le 1er, der 3.
    day_suffix: str = ""
    #: Words after which a number of four digits is a year.
    year_after: frozenset[str] = frozenset()
    #: What turns a number into an ordinal: 3rd, 3.º, 3e.
    ordinal_suffix: str | None = None
    counting: tuple[tuple[str, str, str], ...] = ()
    #: A million is a woman: eine Million.
    feminine_million: bool = False
    #: Letters are told from words by a full stop: "A.B." and not "A B", where A is a word too.
    dotted_letters: bool = False
