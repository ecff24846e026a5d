"""Times of day: "19:30", "half past seven", "halb acht", "sept heures et demie", as HH:MM."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.mentions.dates import fold_pattern
from inference.engines.scripted.mentions.fields import Fields
from inference.engines.scripted.mentions.numerals import number_pattern, number_words
from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words, phrases
from inference.engines.scripted.values import Expectation, Mention

_CLOCK = re.compile(r"(?<![\w:.,\-])(?P<h>[01]?\d|2[0-4])(?::| ?h ?)(?P<m>[0-5]\d)(?:h| ?uhr)?(?![\w:]|[.,]\d)")
#: Characters around a time in which "in the evening" is looked for.
_NEAR = 28
_BESIDE = 3
_MAX_BARE_WORDS = 6
_Add = Callable[[re.Match[str], str], None]
_EVENING, _NOON = 12, 12
#: Minutes below are said with "oh" or a zero; bare they rather count what is named behind them.
_TWO_DIGITS = 10
_NOUN = re.compile(rf" {LETTER}")


@dataclass(frozen=True, slots=True)
class _Words:
    patterns: tuple[tuple[re.Pattern[str], int, int], ...]
    named: re.Pattern[str]
    values: dict[str, str]
    morning: re.Pattern[str]
    evening: re.Pattern[str]
    daytime: re.Pattern[str]
    numbers: dict[str, int]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each).times for each in languages_of(language)]
    parts = {
        "h": rf"(?P<h>(?:[01]?\d|2[0-4])(?!\d)|{number_pattern(language, 24)}{RIGHT})",
        "m": rf"(?P<m>[0-5]?\d(?!\d)|{number_pattern(language, 59)}{RIGHT})",
    }
    compiled = []
    for table in tables:
        for template, add, sign in table.patterns:
            body = re.sub(r"\{([hm])\}", lambda m: parts[m[1]], fold_pattern(template))
            compiled.append((re.compile(rf"(?<![\w:.,\-]){body}"), add, sign))
    values = {fold(word): value for table in tables for word, value in table.named.items()}
    return _Words(
        tuple(compiled),
        phrases(values),
        values,
        _daytime(word for table in tables for word in table.morning),
        _daytime(word for table in tables for word in table.evening),
        _daytime(word for table in tables for word in (*table.morning, *table.evening)),
        number_words(language, 59),
    )


def _daytime(items: Iterable[str]) -> re.Pattern[str]:
    return re.compile(f"(?<![^\\W\\d_]){alternation(items)}{RIGHT}")


def find_times(said: Utterance, language: str, fields: Fields, expected: Expectation) -> list[Mention]:
    """The times of day as HH:MM; hours up to twelve are taken for the evening only if that is said, or if the agent's
    definition speaks of evenings alone.
    """
    words = _words(language)
    found: list[Mention] = []
    dated = bool(said.claimed)

    def add(match: re.Match[str], value: str) -> None:
        if said.is_free(match.start(), match.end()):
            said.claim(match.start(), match.end())
            field = fields.assign("time", said.folded, match.start(), match.end(), expected)
            if "time" not in expected.formats and match.group().strip().isdigit() and not dated:
                field = None  # "left at 4"
            told = words.daytime.search(_around(said.folded, match)) is not None or match.group().strip()[:1] == "0"
            if field is not None and not told and _is_late(fields.slots[field].spoken_of, value):
                value = f"{int(value[:2]) + _NOON:02}{value[2:]}"
            found.append(Mention("time", value, *said.span(match.start(), match.end()), field))

    for match in _CLOCK.finditer(said.folded):
        add(match, _clock(int(match["h"]), int(match["m"]), said.folded, match, words))
    for pattern, plus, sign in words.patterns:
        for match in pattern.finditer(said.folded):
            groups = match.groupdict()
            if groups.get("m") and match.start("m") > match.start("h") and _counts(said, match, words, fields):
                continue
            minutes = sign * _number(groups["m"], words) if groups.get("m") and sign else 0
            add(
                match,
                _clock(
                    _number(groups["h"], words) if groups.get("h") else 0, plus + minutes, said.folded, match, words
                ),
            )
    for match in words.named.finditer(said.folded):
        # "zwölf Uhr mittags" is one time.
        if all(said.span(*match.span())[0] - each.end > _BESIDE for each in found):
            add(match, words.values[match.group()])
    if "time" in expected.formats and not found:
        _bare(said, language, fields, expected, add)
    return found


def _around(folded: str, match: re.Match[str]) -> str:
    return folded[max(0, match.start() - _NEAR) : match.end() + _NEAR]


def _is_late(spoken_of: tuple[tuple[str, str], ...], value: str) -> bool:
    """Whether an hour up to eleven, said without the time of the day, is one after noon: what the agent's definition
    says is about evenings ("dinner", "a table for tomorrow evening") and not about mornings.
    """
    if not 0 < int(value[:2]) < _NOON:
        return False
    told = [(_times_of_day(language), text) for language, text in spoken_of if language in LANGUAGES]
    return any(late.search(text) for (_, late), text in told) and not any(
        early.search(text) for (early, _), text in told
    )


@cache
def _times_of_day(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Words of mornings and of evenings."""
    table = mention_words(language).times
    return phrases((*table.morning, *table.early_meals)), phrases((*table.evening, *table.late_meals))


def _counts(said: Utterance, match: re.Match[str], words: _Words, fields: Fields) -> bool:
    """Whether the number behind an hour counts what follows: "um 20 Uhr einen Tisch", "à 20 heures 12 personnes"."""
    start, end = match.span("m")
    if fields.named("number", said.folded, start, end):
        return True
    few = len(match["m"]) == 1 or (not match["m"].isdigit() and _number(match["m"], words) < _TWO_DIGITS)
    return few and _NOUN.match(said.folded, end) is not None and not words.daytime.match(said.folded, end + 1)


def _bare(said: Utterance, language: str, fields: Fields, expected: Expectation, add: _Add) -> None:
    """A bare hour answers the question for a time: "seven", "seven thirty"; not if it is another field's number."""
    words = _words(language)
    hours, minutes = number_pattern(language, 24), number_pattern(language, 59, least=10)
    pattern = rf"{LEFT}(?P<h>(?:[01]?\d|2[0-4])(?!\d)|{hours})(?: (?P<m>[0-5]\d|{minutes}))?{RIGHT}"
    free = [each for each in re.finditer(pattern, said.folded) if said.is_free(each.start(), each.end())]
    if len(free) != 1 or len(said.folded.split()) > _MAX_BARE_WORDS:
        return
    match = free[0]
    number_first = "number" in expected.formats and expected.formats.index("number") < expected.formats.index("time")
    if not number_first and not fields.named("number", said.folded, match.start(), match.end()):
        add(match, _clock(_number(match["h"], words), _number(match["m"] or "0", words), said.folded, match, words))


def _number(text: str, words: _Words) -> int:
    return int(text) if text.isdigit() else words.numbers[re.sub(r"[ ,-]+", " ", text)]


def _clock(hour: int, minutes: int, folded: str, match: re.Match[str], words: _Words) -> str:
    total = hour * 60 + minutes
    around = folded[match.end() : match.end() + _NEAR]
    before = folded[max(0, match.start() - _NEAR) : match.start()]
    late = words.evening.search(around) or words.evening.search(before)
    early = words.morning.search(around) or words.morning.search(before)
    if not late and not early:  # "this evening a table for four, at half past seven"
        late, early = words.evening.search(folded), words.morning.search(folded)
    if late and not (early and not words.evening.search(around)) and hour <= _NOON and total < _EVENING * 60:
        total += _EVENING * 60
    elif early and not late and hour == _NOON and minutes >= 0:
        total -= _NOON * 60
    total %= 24 * 60
    return f"{total // 60:02}:{total % 60:02}"
