"""The words and shapes of postal addresses in a language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.mentions.numerals import number_pattern
from inference.engines.scripted.mentions.text import LEFT, RIGHT, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words


@dataclass(frozen=True, slots=True)
class AddressWords:
    """Patterns of folded text. ``street``: a word of a street; ``shapes``: a street with its house number."""

    cues: re.Pattern[str]
    skips: re.Pattern[str]
    street: re.Pattern[str]
    shapes: tuple[re.Pattern[str], ...]
    loose: re.Pattern[str]
    parts: re.Pattern[str]
    ends: re.Pattern[str]
    joints: re.Pattern[str]
    joint_words: frozenset[str]
    places: frozenset[str]
    moves: re.Pattern[str]
    numbers: re.Pattern[str]
    house_first: re.Pattern[str]


@cache
def address_words(language: str) -> AddressWords:
    """The words of addresses in a language and those that its speakers mix in, cached."""
    tables = [mention_words(each).places for each in languages_of(language)]

    def every(name: str) -> str:
        return alternation(word for table in tables for word in getattr(table, name))

    after, before, suffix = every("street_after"), every("street_before"), every("street_suffix")
    loose = alternation(word for table in tables for word in (*table.street_before, *table.loose_before))
    spoken = number_pattern(language, 199, least=1, weak=False)
    word = r"[^\s,;\d]{1,30}"
    house = rf"(?:\d{{1,5}}|{LEFT}{spoken}{RIGHT})(?:[ -]?[a-z](?![a-z]))?(?: (?:bis|ter|quater)(?![a-z]))?"
    street = rf"(?:{LEFT}(?:{after}|{loose}){RIGHT}|[a-z]{{2,}}{suffix}{RIGHT})"
    shapes = (
        rf"(?<![\w.,\-]){house},? (?:{word} ){{0,4}}{LEFT}{after}{RIGHT}",
        rf"(?<![\w.,\-]){house},? {LEFT}{before}{RIGHT} {word}(?: {word}){{0,3}}",
        rf"{LEFT}{before}{RIGHT} (?:{word} ){{1,6}}?(?:n[o.]? )?{house}(?![\w])",
        rf"(?:{LEFT}{word} )?{LEFT}[a-z\-]{{2,30}}{suffix} {house}(?![\w])",
        rf"{LEFT}{word} {LEFT}{after}{RIGHT},? {house}(?![\w])",
        rf"{LEFT}(?:{every('boxes')}) (?:n[o.]? )?\d{{1,6}}(?![\w])",
    )
    return AddressWords(
        re.compile(f"{LEFT}{every('cues')}{RIGHT}"),
        re.compile(rf"(?:[ ,:]|{LEFT}{every('skips')}(?:{RIGHT}|(?<=')))*"),
        re.compile(street),
        tuple(re.compile(shape) for shape in shapes),
        re.compile(rf"{LEFT}{loose}{RIGHT} (?:{word} ){{1,6}}?{house}(?!\w)"),
        re.compile(f"{LEFT}{every('parts')}{RIGHT}"),
        re.compile(f"{LEFT}{every('ends')}{RIGHT}"),
        re.compile(rf"[ ,]+{every('joints')}$"),
        frozenset(fold(word) for table in tables for word in table.joints),
        frozenset(place for table in tables for place in map(str.lower, table.places)),
        re.compile(rf" {every('moves')} "),
        re.compile(number_pattern(language, 99)),
        re.compile(rf"{house}, (?={street})"),  # "1205, boulevard Saint-Laurent"
    )
