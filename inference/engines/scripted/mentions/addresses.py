"""Postal addresses: behind a cue ("my new address is"), by a street's shape, or as the answer to a question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.mentions.fields import Fields
from inference.engines.scripted.mentions.names import NameRules, name_rules
from inference.engines.scripted.mentions.numerals import find_numerals
from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, Utterance
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words
from inference.engines.scripted.values import Expectation, Mention

_MAX_PARTS = 5
_MAX_CHARS = 160
_STOP = re.compile(r",|;|\n|[.?!](?=\s|$)| - |\(|\)")
_ABBREVIATED = re.compile(r"(?:^|[ ,])(?:st|str|ave|av|rd|ln|apt|no|nr|dr|blvd|bd|c|pl|pza|ste|avda|cl|[a-z])$|str$")
_WORDS = re.compile(rf"{LETTER}+(?:['\-]{LETTER}+)*")
_SHORT_PART = re.compile(r"\d{1,3} ?[a-z]{0,2}(?: [a-z])?|[a-z] ?\d{0,3}")
_TOWN = re.compile(r"(?:[a-z]{1,3}[ -]?)?\d{4,6}\b.{0,40}|.{2,40} \d{4,6}")


@dataclass(frozen=True, slots=True)
class _Words:
    cues: re.Pattern[str]
    skips: re.Pattern[str]
    street: re.Pattern[str]
    shapes: tuple[re.Pattern[str], ...]
    parts: re.Pattern[str]
    ends: re.Pattern[str]
    joints: re.Pattern[str]
    places: frozenset[str]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each).places for each in languages_of(language)]

    def every(name: str) -> str:
        return alternation(word for table in tables for word in getattr(table, name))

    after, before, suffix = every("street_after"), every("street_before"), every("street_suffix")
    word = rf"{LETTER}[{LETTER[3:-1]}'.\-]*" if False else r"[^\s,;\d]{1,30}"
    house = r"\d{1,5}(?:[ -]?[a-z](?![a-z]))?(?: (?:bis|ter|quater)(?![a-z]))?"
    street = rf"(?:{LEFT}(?:{after}|{before}){RIGHT}|[a-z]{{2,}}{suffix}{RIGHT})"
    shapes = (
        rf"(?<![\w.,\-]){house},? (?:{word} ){{0,4}}{LEFT}{after}{RIGHT}",
        rf"(?<![\w.,\-]){house},? {LEFT}{before}{RIGHT} {word}(?: {word}){{0,3}}",
        rf"{LEFT}{before}{RIGHT} (?:{word} ){{1,6}}?(?:n[o.]? )?{house}(?![\w])",
        rf"(?:{LEFT}{word} )?{LEFT}[a-z\-]{{2,30}}{suffix} {house}(?![\w])",
        rf"{LEFT}{word} {LEFT}{after}{RIGHT},? {house}(?![\w])",
    )
    return _Words(
        re.compile(f"{LEFT}{every('cues')}{RIGHT}"),
        re.compile(rf"(?:[ ,:]|{LEFT}{every('skips')}(?:{RIGHT}|(?<=')))*"),
        re.compile(street),
        tuple(re.compile(shape) for shape in shapes),
        re.compile(f"{LEFT}{every('parts')}{RIGHT}"),
        re.compile(f"{LEFT}{every('ends')}{RIGHT}"),
        re.compile(rf"[ ,]+{every('joints')}$"),
        frozenset(place for table in tables for place in map(str.lower, table.places)),
    )


def find_addresses(said: Utterance, language: str, fields: Fields, expected: Expectation) -> list[Mention]:
    """The postal addresses as said, house numbers in digits."""
    words, rules = _words(language), name_rules(language)
    starts: list[tuple[int, bool]] = []
    for cue in words.cues.finditer(said.folded):
        skipped = words.skips.match(said.folded, cue.end())
        starts.append((skipped.end() if skipped else cue.end(), True))
    for shape in words.shapes:
        starts += [(match.start(), True) for match in shape.finditer(said.folded)]
    if "postal_address" in expected.formats:
        starts.append((_lead(said.folded, rules, words), False))
    found: list[Mention] = []
    for start, sure in sorted(starts, key=lambda each: (each[0], not each[1])):
        end = _extent(said, start, words, rules, asked=not sure)
        if end is None or not said.is_free(start, end):
            continue
        value = _value(said, start, end, language)
        said.claim(start, end)
        field = fields.assign("postal_address", said.folded, start, end, expected)
        found.append(Mention("postal_address", value, *said.span(start, end), field))
    return found


def _lead(folded: str, rules: NameRules, words: _Words) -> int:
    """Where an answer begins, behind "yes, it's" and the like."""
    at = 0
    while True:
        match = (
            re.compile(r"[ ,.:!;\-]+").match(folded, at)
            or rules.leads.match(folded, at)
            or words.skips.match(folded, at)
        )
        if match is None or match.end() == at:
            return at
        at = match.end()


def _extent(said: Utterance, start: int, words: _Words, rules: NameRules, *, asked: bool) -> int | None:
    """Where the address ends that begins at ``start``; None if there is none."""
    folded = said.folded
    end = start
    at = start
    for part in range(_MAX_PARTS):
        stop = _part_end(folded, at)
        cut = words.ends.search(folded, at, min(stop, start + _MAX_CHARS))
        close = cut.start() if cut else stop
        close = min([close, *(first for first, last in said.claimed if at <= first < close)])
        piece = folded[at:close].strip()
        if part == 0 and words.cues.search(folded, at, close):
            return None  # the address begins behind the last cue
        if part == 0:
            if not _is_street(said, at, close, words, asked=asked):
                return None
        elif not piece or not _is_part(said, at, close, words, rules):
            break
        end = close
        if close < stop or stop >= len(folded) or folded[stop] != ",":
            break
        at = stop + 1
    while (joint := words.joints.search(folded, start, end)) is not None:
        end = joint.start()
    while end > start and folded[end - 1] in " ,.-:":
        end -= 1
    if not re.search(r"\d", folded[start:end]) and not words.street.search(folded, start, end) and not asked:
        return None
    return end if end - start >= 4 else None


def _part_end(folded: str, at: int) -> int:
    for match in _STOP.finditer(folded, at):
        if match.group() == "." and _ABBREVIATED.search(folded[max(0, match.start() - 6) : match.start()]):
            continue
        return match.start()
    return len(folded)


def _is_street(said: Utterance, start: int, end: int, words: _Words, *, asked: bool) -> bool:
    """Whether a part holds a street and number, or as an answer at least one of them."""
    piece = said.folded[start:end].strip()
    tokens = piece.split()
    if not tokens or len(tokens) > 12:
        return False
    number = re.search(r"\d", piece) is not None
    street = words.street.search(piece) is not None or words.parts.search(piece) is not None
    if number and street:
        return True
    capital = said.is_upper(start) or not said.has_case(start) or tokens[0][0].isdigit()
    later = re.search(r"\d", said.folded[end : end + 40]) is not None
    if asked:
        return (number and capital and len(tokens) >= 2 and re.search(r"[^\W\d_]{2}", piece) is not None) or street
    return (capital and len(tokens) >= 2 and (number or street) and len(tokens) <= 8) or (street and later)


def _is_part(said: Utterance, start: int, end: int, words: _Words, rules: NameRules) -> bool:
    """Whether a part behind a comma still belongs to the address: flat, ZIP code, town, country."""
    while start < end and said.folded[start] == " ":
        start += 1
    piece = said.folded[start:end].strip()
    tokens = _WORDS.findall(piece)
    if not tokens or len(tokens) > 6 or rules.cues.search(piece):
        return False
    if _SHORT_PART.fullmatch(piece) or words.parts.search(piece) or piece in words.places:
        return True
    if tokens[0] in rules.titles:
        return False
    if _TOWN.fullmatch(piece) and len(tokens) <= 5:
        return True
    if re.search(r"\d", piece) or len(tokens) > 3:
        return False
    if len(tokens) > 1 and tokens[0] in rules.given:
        return False
    plain = not any(token in rules.common or token in rules.stops for token in tokens)
    return plain and (said.is_upper(start) or not said.has_case(start) or said.folded == said.text)


def _value(said: Utterance, start: int, end: int, language: str) -> str:
    """The address as said; a house number in words as digits."""
    pieces: list[str] = []
    at = start
    for numeral in find_numerals(said.folded[start:end], language):
        first, last = start + numeral.start, start + numeral.end
        edge = first == start or last == end or said.folded[last] in ",;"
        if numeral.spoken and not numeral.weak and edge:
            pieces += [said.said(at, first), numeral.digits]
            at = last
    pieces.append(said.said(at, end))
    return re.sub(r" ,", ",", " ".join(piece for piece in pieces if piece))
