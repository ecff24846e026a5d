"""The words and patterns of a language that the rules for mentions look for, read from ``languages/<code>``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.mentions.text import LEFT, RIGHT, fold

#: A language without rules of its own is read with these.
_FALLBACK = "en"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NumeralWords(_Table):
    """``generated``: languages of num2words, whose words for 0..999 are added. ``weak``: number words that mean
    something else too, and so are no number alone. ``joins``: words between the groups of a number. ``fractions``:
    of the hundred or thousand that follows, in hundredths ("डेढ़ सौ"); ``more``: what is added to the number behind it,
    so too ("साढ़े तीन सौ"). ``completions``: words that speech recognition makes of a digit ("septembre" of "sept").
    """

    generated: list[str] = []
    words: dict[str, int] = {}
    listed: list[str] = []
    hundred: list[str] = []
    thousand: list[str] = []
    fractions: dict[str, int] = {}
    more: dict[str, int] = {}
    weak: list[str] = []
    repeats: dict[str, int] = {}
    dash: list[str] = []
    plus: list[str] = []
    joins: list[str] = []
    ordinals: dict[str, int] = {}
    ordinal_endings: list[str] = []
    completions: dict[str, int] = {}


class LetterWords(_Table):
    """``names``: of letters, as said. ``as_in``: between a letter and a word ("B as in Bravo"). ``alphabet``: words
    that stand for letters. The others make "with two l at the end, not a k", "without an h".
    """

    names: dict[str, str] = {}
    as_in: list[str] = []
    alphabet: dict[str, str] = {}
    spelled: list[str] = []
    with_: list[str]
    articles: list[str]
    twice: list[str]
    at_end: list[str]
    at_begin: list[str]
    not_: list[str]
    without: list[str]


class NumberCues(_Table):
    """Words that say what a number is. ``fillers``: between such words and the number. ``after``: between a number
    and its cue ("20417 is my account number"). ``units``: words after a number that make it a count or a measure.
    ``records``: what has a number that is no account's ("ticket"). ``earlier``: an earlier talk. ``lacking``: says that
    the number asked for is not at hand; ``regained``: that it is now.
    """

    account: list[str]
    phone: list[str]
    other: list[str]
    fillers: list[str]
    after: list[str]
    units: list[str]
    records: list[str]
    earlier: list[str]
    lacking: list[str]
    regained: list[str]


class NameCues(_Table):
    """``cues``: before a name. ``bare_cues``: also words for anything ("name"). ``weak_cues``: "this is". ``tails``:
    after a name. ``not_mine``: before a cue that is about somebody else. ``leads``, ``trails``: around a bare name.
    ``with_letters``: before its spelling ("Wolff with two f").
    ``pointing_cues``: those of the weak cues that may point at anything ("this is").
    ``other_persons``: before somebody else's name ("my husband"). ``endings``: of words that are no names ("-ung").
    ``callers``: behind a name with which somebody begins ("... calling about").
    ``given_cues``, ``surname_cues``: before a part of a name. ``whom``: before the name that a request ends with
    ("a table for two for Nina Berg").
    """

    cues: list[str]
    bare_cues: list[str]
    weak_cues: list[str]
    tails: list[str]
    not_mine: list[str]
    pointing_cues: list[str]
    other_persons: list[str]
    endings: list[str]
    participles: list[str]
    impersonal_cues: list[str]
    mine: list[str]
    origins: list[str]
    titles: list[str]
    suffixes: list[str] = []
    given_cues: list[str]
    surname_cues: list[str]
    whom: list[str]
    leads: list[str]
    trails: list[str]
    callers: list[str]
    with_letters: list[str]


class PlaceCues(_Table):
    """``street_after``: words after a street's name, ``street_before``: before it, ``loose_before``: also before
    other things, "am Fenster 2". ``street_suffix``: ends of it.
    ``boxes``: post-office boxes. ``moves``: before the new one of two streets ("from A to B").
    ``parts``: of an address, beside the street. ``ends``: words after an address. ``joints``: words that it does not
    end with. ``places``: towns and countries.
    """

    cues: list[str]
    skips: list[str]
    street_after: list[str]
    street_before: list[str]
    boxes: list[str]
    moves: list[str]
    loose_before: list[str]
    street_suffix: list[str]
    parts: list[str]
    ends: list[str]
    joints: list[str]
    places: list[str]


class DateWords(_Table):
    """Patterns with ``{day}``, ``{month}``, ``{year}``, ``{weekday}``, ``{n}``. ``past``: before a day that is over.
    ``past_words``: of clauses about the past.
    ``asked_patterns``: only of the answer to a question for a date.
    ``stated``: before the day that it is ("today is Friday"). ``feasts``: days that have a name -> month and day.
    """

    months: list[list[str]]
    weekdays: list[list[str]]
    relative: dict[str, int]
    patterns: list[str]
    asked_patterns: list[str]
    weekday_patterns: list[str]
    next_weekday: list[str]
    week_later: list[str] = []
    last_weekday: list[str]
    in_days: list[str]
    in_weeks: list[str]
    past: list[str]
    past_words: list[str]
    stated: list[str]
    feasts: dict[str, str]


class TimeWords(_Table):
    """``patterns``: with ``{h}`` and ``{m}``, the minutes to add, and whether ``{m}`` counts forward or back.
    ``early_meals``, ``late_meals``: what is had in the morning and in the evening.
    """

    patterns: list[tuple[str, int, int]]
    named: dict[str, str]
    morning: list[str]
    evening: list[str]
    early_meals: list[str]
    late_meals: list[str]


class EmailWords(_Table):
    """Spoken signs of e-mail addresses."""

    at: list[str]
    dot: list[str]
    dash: list[str]
    underscore: list[str]


class MoneyWords(_Table):
    """``currencies``: words and signs -> ISO 4217. ``cents``: of any currency. ``joints``: between the two.
    ``decimals``: the decimal point in words ("forty nine point ninety").
    """

    currencies: dict[str, str]
    cents: list[str]
    joints: list[str]
    decimals: list[str]


class CorrectionWords(_Table):
    """``contrasts``: "not A but B", with groups ``old`` and ``new``; ``{x}`` stands for some words. ``ends``,
    ``begins``: of the digits of a number ("it ends in"). ``domain``, ``local``: the sides of an e-mail address.
    ``house``: names of a house number, ``post``: of a post code. ``negations``: before a wrong number;
    ``negations_behind``: behind one. ``town``: names of the town of an address.
    """

    contrasts: list[str]
    markers: list[str]
    negated: list[str]
    wrong: list[str]
    negations: list[str]
    negations_behind: list[str]
    ends: list[str]
    begins: list[str]
    domain: list[str]
    local: list[str]
    house: list[str]
    post: list[str]
    town: list[str]


class PieceWords(_Table):
    """Words of a number that is said in pieces, before or behind one. ``first``: of the first, ``rest``: of others.
    ``links``: between such words and the number.
    """

    first: list[str]
    rest: list[str]
    links: list[str]


class EditWords(_Table):
    """Words for changes of single signs of a number or a code. ``swapped``: two changed places. ``extra``, ``missing``:
    there is one too many, or one too few. ``nth``: places, from the end if negative, before one of ``signs`` ("digit").
    ``behind``, ``before``: a sign that stands in the value. ``replaces``: patterns with ``{old}`` and ``{new}``.
    """

    swapped: list[str]
    extra: list[str]
    missing: list[str]
    nth: dict[str, int]
    signs: list[str]
    behind: list[str]
    before: list[str]
    replaces: list[str]


class TextWords(_Table):
    """``vague``: words that are no value by themselves ("a better plan"). ``ends``: words after a value.
    ``owned``: before what the customer has already. ``links``: between a name and what it is of ("la tarifa de 20").
    """

    vague: list[str]
    owned: list[str]
    links: list[str]
    ends: list[str]


class MentionWords(_Table):
    """Schema of ``mentions.toml``; a missing or misspelt key fails at load."""

    also: list[str]
    regions: list[str]
    day_first: bool
    twelve_hours: bool
    numerals: NumeralWords
    letters: LetterWords
    numbers: NumberCues
    names: NameCues
    places: PlaceCues
    dates: DateWords
    times: TimeWords
    email: EmailWords
    money: MoneyWords
    corrections: CorrectionWords
    pieces: PieceWords
    edits: EditWords
    texts: TextWords


class KnownNames(_Table):
    """Schema of ``names.toml``. ``given``: frequent given names. ``common``: words that are nobody's name. Both are
    lists in one text.
    """

    given: str
    common: str
    particles: str


def _read(language: str, name: str) -> Mapping[str, object]:
    path = files("inference.engines.scripted") / "languages" / language / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def mention_words(language: str) -> MentionWords:
    """The words of one language, cached. Unknown languages are read as English."""
    return MentionWords.model_validate(_read(language if language in LANGUAGES else _FALLBACK, "mentions"))


@cache
def known_names(language: str) -> KnownNames:
    """The names and common words of one language, cached."""
    return KnownNames.model_validate(_read(language if language in LANGUAGES else _FALLBACK, "names"))


@cache
def languages_of(language: str) -> tuple[str, ...]:
    """The language itself and those that its speakers mix in."""
    return (language, *mention_words(language).also)


def alternation(items: Iterable[str], space: str = "[ ,]{1,2}") -> str:
    """A group of a pattern that matches any of the items in folded text, the longest first. ``space``: in an item."""
    ordered = sorted({fold(item) for item in items if item}, key=lambda item: (-len(item), item))
    body = "|".join(re.escape(item).replace(r"\ ", space) for item in ordered)
    return f"(?:{body})" if body else r"(?!)"


def phrases(items: Iterable[str]) -> re.Pattern[str]:
    """A pattern that matches any of the items as whole words in folded text."""
    return re.compile(f"{LEFT}{alternation(items)}{RIGHT}")
