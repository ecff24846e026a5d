"""Dates: written, spoken and relative ("31.12.2026", "le 3 mars", "next Friday", "in two weeks"), as ISO 8601."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.mentions.fields import Fields
from inference.engines.scripted.mentions.numerals import number_pattern, number_words
from inference.engines.scripted.mentions.text import LEFT, RIGHT, WORD, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words, phrases
from inference.engines.scripted.values import Expectation, Mention

_ISO = re.compile(r"(?<![\w.\-/])(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?![\w\-])")
_NUMERIC = re.compile(
    r"(?<![\w.\-/])(?P<a>\d{1,2})(?P<sep>[./\-])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})(?![\w\-/]|\.\d)"
)
_SHORT = re.compile(r"(?<![\w.\-/])(?P<a>\d{1,2})\.(?P<b>\d{1,2})\.(?![\w\-/])")
#: Words before a day that are looked at to tell whether it is over.
_BEFORE = 20
_CLAUSE = 80
#: Between a weekday and its date: "Friday, the 4th of December".
_BESIDE = re.compile(r"[ ,]*(?:the |le |el |den |dem |am )?")


@dataclass(frozen=True, slots=True)
class _Words:
    named: tuple[tuple[str, re.Pattern[str]], ...]
    relative: re.Pattern[str]
    past: re.Pattern[str]
    past_words: re.Pattern[str]
    past_forms: frozenset[str]
    stated: re.Pattern[str]
    today: re.Pattern[str]
    days: dict[str, int]
    months: dict[str, int]
    weekdays: dict[str, int]
    offsets: dict[str, int]
    feasts: re.Pattern[str]
    feast_days: dict[str, str]
    day_first: bool


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each) for each in languages_of(language)]
    dates = [each.dates for each in tables]
    months = {fold(word): at for each in dates for at, words in enumerate(each.months, 1) for word in words}
    weekdays = {fold(word): at for each in dates for at, words in enumerate(each.weekdays) for word in words}
    days = {word: value for word, value in number_words(language, 31).items() if value}
    ordinals = {fold(word): value for each in tables for word, value in each.numerals.ordinals.items()}
    endings = alternation(word for each in tables for word in each.numerals.ordinal_endings)
    spoken = number_pattern(language, 31, least=1)
    parts = {
        "day": rf"(?P<day>\d{{1,2}}(?:{endings}|\.)?(?!\d)|(?:{alternation(ordinals)}|{spoken}){RIGHT})",
        "ordinal": rf"(?P<day>\d{{1,2}}{endings}|{alternation(ordinals)}{RIGHT})",
        "month": rf"(?P<month>{alternation(months)}){RIGHT}\.?",
        "year": r"(?P<year>(?:19|20)\d\d)(?!\d)",
        "weekday": rf"(?P<weekday>{alternation(weekdays)}){RIGHT}",
        "n": rf"(?P<n>\d{{1,3}}|{spoken})",
    }
    named = []
    for kind in (
        "patterns",
        "week_later",
        "last_weekday",
        "next_weekday",
        "in_days",
        "in_weeks",
        "weekday_patterns",
        "asked_patterns",
    ):
        for each in dates:
            for template in getattr(each, kind):
                pattern = LEFT + re.sub(
                    r"\{(day|ordinal|month|year|weekday|n)\}", lambda m: parts[m[1]], fold_pattern(template)
                )
                named.append((kind, re.compile(pattern)))
    offsets = {fold(word): days_ for each in dates for word, days_ in each.relative.items()}
    feasts = {fold(word): day for each in dates for word, day in each.feasts.items()}
    return _Words(
        tuple(named),
        phrases(offsets),
        re.compile(rf"{LEFT}{alternation(word for each in dates for word in each.past)} (?:\w+ )?$"),
        phrases(word for each in dates for word in each.past_words),
        frozenset(word.lower() for each in dates for word in each.past_words),
        re.compile(rf"{LEFT}{alternation(word for each in dates for word in each.stated)} $"),
        phrases(word for each in dates for word in each.stated),
        days | ordinals,
        months,
        weekdays,
        offsets,
        phrases(feasts),
        feasts,
        tables[0].day_first,
    )


@cache
def day_words() -> frozenset[str]:
    """The names of months and weekdays of all languages, folded."""
    tables = [mention_words(each).dates for each in LANGUAGES]
    return frozenset(fold(word) for each in tables for words in (*each.months, *each.weekdays) for word in words)


def names_day(text: str) -> bool:
    """Whether a month or a weekday is named."""
    return not day_words().isdisjoint(WORD.findall(fold(text)))


def fold_pattern(template: str) -> str:
    """A pattern as it matches folded text; what it escapes stays."""
    return re.sub(r"[^\x00-\x7f]+", lambda match: fold(match.group()), template)


def find_dates(said: Utterance, language: str, fields: Fields, expected: Expectation, today: dt.date) -> list[Mention]:
    """The dates as ISO 8601. A day without a year is the next one, behind "since" the last one. A numeric date that
    may be read in two ways is kept as it was said.
    """
    words = _words(language)
    found: list[Mention] = []

    def add(match: re.Match[str], value: str | None) -> None:
        start, end = match.span()
        if end == len(said.folded) or said.folded[end] == " ":  # the full stop of "Mar." may be the sentence's
            end = start + len(match.group().rstrip("."))
        if value and said.is_free(start, end):
            said.claim(start, end)
            field = fields.assign("date", said.folded, start, end, expected)
            stated = words.stated.search(said.folded[max(0, start - _BEFORE) : start])
            stated = stated or words.today.match(said.folded, start)
            if "date" not in expected.formats and (stated or value < today.isoformat()):
                field = None
            found.append(Mention("date", value, *said.span(start, end), field))

    for match in _ISO.finditer(said.folded):
        add(match, _iso(int(match["y"]), int(match["m"]), int(match["d"])))
    for match in _NUMERIC.finditer(said.folded):
        add(match, _numeric(match, words.day_first, said.said(match.start(), match.end())))
    for match in _SHORT.finditer(said.folded) if words.day_first else ():
        add(match, _next(int(match["a"]), int(match["b"]), today, past=False))
    for kind, pattern in words.named:
        if kind == "asked_patterns" and ("date" not in expected.formats or found):
            continue
        for match in pattern.finditer(said.folded):
            past = words.past.search(said.folded[max(0, match.start() - _BEFORE) : match.start()]) is not None
            past = past or (kind == "weekday_patterns" and _is_past(said, match, words))
            add(match, _value(kind, match, words, today, past=past))
    for match in words.feasts.finditer(said.folded):
        month, day = words.feast_days[re.sub(r"[ ,]+", " ", match.group())].split("-")
        add(match, _next(int(day), int(month), today, past=False))
    for match in words.relative.finditer(said.folded):
        days = words.offsets.get(re.sub(r"[ ,]+", " ", match.group()))
        add(match, None if days is None else (today + dt.timedelta(days=days)).isoformat())
    return _whole(said, found)


def _is_past(said: Utterance, match: re.Match[str], words: _Words) -> bool:
    """Whether the clause around a weekday is about the past. Accents count: "hätte" is not "hatte"."""
    folded = said.folded
    first = max(folded.rfind(mark, 0, match.start()) for mark in ",.;!?\n") + 1
    ends = [at for mark in ",.;!?\n" if (at := folded.find(mark, match.end())) >= 0]
    start, end = max(first, match.start() - _CLAUSE), min([*ends, match.end() + _CLAUSE, len(folded)])
    forms = [said.said(*each.span()).lower() for each in words.past_words.finditer(folded, start, end)]
    return any(form in words.past_forms or not form[:1].isascii() for form in forms)


def _whole(said: Utterance, found: list[Mention]) -> list[Mention]:
    """Drops a weekday or "tomorrow" that only names the day of a full date beside it: "Friday, December 4th"."""
    ordered = sorted(found, key=lambda each: each.start)
    kept: list[Mention] = []
    for each in ordered:
        if kept and _BESIDE.fullmatch(fold(said.text[kept[-1].end : each.start])):
            digits = any(ch.isdigit() for ch in said.text[kept[-1].start : kept[-1].end])
            if kept[-1].value == each.value or not digits:
                kept.pop()
        kept.append(each)
    return kept


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None


def _numeric(match: re.Match[str], day_first: bool, verbatim: str) -> str | None:
    first, second, year = int(match["a"]), int(match["b"]), int(match["y"])
    year += 2000 if year < 100 else 0
    if day_first or first > 12:
        return _iso(year, second, first)
    if second > 12 or first == second:
        return _iso(year, first, second)
    return verbatim if _iso(year, first, second) else None


def _next(day: int, month: int, today: dt.date, *, past: bool) -> str | None:
    years = (today.year, today.year - 1) if past else (today.year, today.year + 1, today.year + 2)
    for year in years:
        value = _iso(year, month, day)
        if value and (value <= today.isoformat() if past else value >= today.isoformat()):
            return value
    return None


def _value(kind: str, match: re.Match[str], words: _Words, today: dt.date, *, past: bool) -> str | None:
    groups = match.groupdict()
    if groups.get("n"):
        count = int(groups["n"]) if groups["n"].isdigit() else words.days[groups["n"]]
        return (today + dt.timedelta(days=count * (7 if kind == "in_weeks" else 1))).isoformat()
    if groups.get("weekday"):
        ahead = (words.weekdays[groups["weekday"]] - today.weekday() - 1) % 7 + 1
        if kind == "last_weekday" or (past and kind == "weekday_patterns"):
            ahead -= 7
            ahead = -7 if ahead == 0 else ahead
        return (today + dt.timedelta(days=ahead + (7 if kind == "week_later" else 0))).isoformat()
    day = re.match(r"\d+", groups["day"])
    number = int(day.group()) if day else words.days[re.sub(r"[ ,-]+", " ", groups["day"])]
    if not groups.get("month"):
        return _next_day(number, today)
    month = words.months[groups["month"]]
    if groups.get("year"):
        return _iso(int(groups["year"]), month, number)
    return _next(number, month, today, past=past)


def _next_day(day: int, today: dt.date) -> str | None:
    """The next day of this number in the month: "the 15th"."""
    for ahead in range(3):
        month = (today.month - 1 + ahead) % 12 + 1
        value = _iso(today.year + (today.month - 1 + ahead) // 12, month, day)
        if value and value >= today.isoformat():
            return value
    return None
