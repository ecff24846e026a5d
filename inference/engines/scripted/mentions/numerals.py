"""Finds numerals in folded text: digits, and number words of a language ("vierundzwanzig", "quatre-vingt-douze")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from num2words import num2words

from inference.engines.scripted.mentions.text import LETTER, fold
from inference.engines.scripted.mentions.words import NumeralWords, languages_of, mention_words

_TOKEN = re.compile(rf"\d+|(?:(?!\d){LETTER})+")
_GAP = re.compile(r" {1,2}|-")
_MAX_WORDS = 8
_MAX_REPEAT_WORDS = 3


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number of the folded text. ``digits``: as written, or of the value of number words. ``weak``: the words mean
    something else too. ``spoken``: in words.
    """

    start: int
    end: int
    digits: str
    spoken: bool = False
    weak: bool = False


class _Reader:
    """Number words of some languages. ``below``: words -> value, 0..999."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        self.below: dict[tuple[str, ...], int] = {}
        self.hundred: set[str] = set()
        self.thousand: set[str] = set()
        self.fractions: dict[str, int] = {}
        self.more: dict[str, int] = {}
        self.repeats: dict[str, int] = {}
        self.weak: set[tuple[str, ...]] = set()
        for language in reversed(languages):
            words = mention_words(language).numerals
            self.below |= _below_thousand(words)
            self.hundred |= {fold(word) for word in words.hundred}
            self.thousand |= {fold(word) for word in words.thousand}
            self.fractions |= {fold(word): part for word, part in words.fractions.items()}
            self.more |= {fold(word): part for word, part in words.more.items()}
            self.repeats |= {fold(word): count for word, count in words.repeats.items()}
            self.weak |= {tuple(fold(word).split()) for word in words.weak}
        self.longest: dict[str, int] = {}
        for key in self.below:
            self.longest[key[0]] = max(self.longest.get(key[0], 0), len(key))


def _below_thousand(words: NumeralWords) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    for language in words.generated:
        for value in range(1000):
            written = fold(num2words(value, lang=language)).replace("-", " ")
            found[tuple(written.split())] = value
            found.setdefault(tuple(part for part in written.split() if part != "and"), value)
            if written.startswith("einhundert"):
                found[(written.removeprefix("ein"),)] = value
            if written.endswith("eins"):
                found[(written[:-1],)] = value
    for value, variants in enumerate(words.listed):
        for variant in variants.split():
            found[(fold(variant).replace("_", " "),)] = value
    for word, value in words.words.items():
        found[tuple(fold(word).split())] = value
    return found


@cache
def _reader(language: str) -> _Reader:
    return _Reader(languages_of(language))


def find_numerals(folded: str, language: str) -> list[Numeral]:
    """All numerals, in their order. "double five" is one, 55."""
    reader = _reader(language)
    tokens = list(_TOKEN.finditer(folded))
    found: list[Numeral] = []
    at = 0
    while at < len(tokens):
        numeral, used = (
            _repeated(folded, tokens, at, reader)
            or _fraction(folded, tokens, at, reader)
            or _numeral(folded, tokens, at, reader)
        )
        if numeral is not None:
            found.append(numeral)
        at += max(used, 1)
    return found


def _repeated(folded: str, tokens: list[re.Match[str]], at: int, reader: _Reader) -> tuple[Numeral, int] | None:
    """ "double five", "drei mal die sieben"."""
    for words in range(_MAX_REPEAT_WORDS, 0, -1):
        times = reader.repeats.get(" ".join(token.group() for token in tokens[at : at + words]))
        if times is None or at + words >= len(tokens):
            continue
        digit, count = _numeral(folded, tokens, at + words, reader)
        if digit is not None and len(digit.digits) == 1:
            return Numeral(tokens[at].start(), digit.end, digit.digits * times, spoken=True), count + words
    return None


def _fraction(folded: str, tokens: list[re.Match[str]], at: int, reader: _Reader) -> tuple[Numeral, int] | None:
    """Parts of a hundred or thousand: "डेढ़ सौ" is 150, "साढ़े तीन हज़ार" is 3500."""
    part, used = reader.fractions.get(tokens[at].group()), 1
    more = reader.more.get(tokens[at].group())
    if part is None and more is not None and at + 1 < len(tokens) and _near(folded, tokens, at + 1):
        count = reader.below.get((tokens[at + 1].group(),), 0)
        if count:
            part, used = count * 100 + more, 2
        elif more > 0:
            part = 100 + more  # "सवा सौ"
    if part is None or at + used >= len(tokens) or not _near(folded, tokens, at + used):
        return None
    unit = tokens[at + used].group()
    size = 100 if unit in reader.hundred else 1000 if unit in reader.thousand else 0
    if not size:
        return None
    return Numeral(tokens[at].start(), tokens[at + used].end(), str(part * size // 100), spoken=True), used + 1


def only_number(text: str, language: str) -> str | None:
    """The digits of the only number in a text; None if there is none or more than one."""
    found = find_numerals(fold(text), language)
    return found[0].digits if len(found) == 1 else None


def single_number(text: str, language: str) -> str | None:
    """The digits of the only numeral of a text; None if it has none or several."""
    numerals = find_numerals(fold(text), language)
    return numerals[0].digits if len(numerals) == 1 else None


def _numeral(folded: str, tokens: list[re.Match[str]], at: int, reader: _Reader) -> tuple[Numeral | None, int]:
    """The numeral that begins at a token, and how many tokens it takes."""
    first = tokens[at]
    if first.group().isdigit():
        return Numeral(first.start(), first.end(), first.group()), 1
    value, used = _below(folded, tokens, at, reader)
    if value is None and first.group() in reader.thousand and (after := _after_thousand(folded, tokens, at, reader)):
        return after
    compound = _compound(first.group(), reader) if value is None else None
    if compound is not None:
        value, used = compound, 1
    elif (
        value
        and at + used < len(tokens)
        and tokens[at + used].group() in reader.thousand
        and _near(folded, tokens, at + used)
    ):
        value, used = value * 1000, used + 1
        rest, more = _below(folded, tokens, at + used, reader) if at + used < len(tokens) else (None, 0)
        if rest is not None and _near(folded, tokens, at + used):
            value, used = value + rest, used + more
    if value is None:
        return None, 1
    words = tuple(token.group() for token in tokens[at : at + used])
    return Numeral(first.start(), tokens[at + used - 1].end(), str(value), True, words in reader.weak), used


def _after_thousand(folded: str, tokens: list[re.Match[str]], at: int, reader: _Reader) -> tuple[Numeral, int] | None:
    """A thousand that nothing counts: "mil doscientos", "mille deux cents". Alone it is often no number."""
    if at + 1 == len(tokens) or not _near(folded, tokens, at + 1):
        return Numeral(tokens[at].start(), tokens[at].end(), "1000", spoken=True, weak=True), 1
    rest, more = _below(folded, tokens, at + 1, reader)
    last = tokens[at + more] if rest else tokens[at]
    return Numeral(tokens[at].start(), last.end(), str(1000 + (rest or 0)), True, weak=not rest), 1 + (
        more if rest else 0
    )


def _below(folded: str, tokens: list[re.Match[str]], at: int, reader: _Reader) -> tuple[int | None, int]:
    longest = min(reader.longest.get(tokens[at].group(), 0), _MAX_WORDS, len(tokens) - at)
    words: list[str] = []
    best: tuple[int | None, int] = (None, 0)
    hundreds: tuple[int | None, int] = (None, 0)
    for used in range(1, longest + 1):
        if used > 1 and not _near(folded, tokens, at + used - 1):
            break
        words.append(tokens[at + used - 1].group())
        value = reader.below.get(tuple(words))
        if value is not None:
            best = (value, used)
            hundreds = best if value and value % 100 == 0 else hundreds
    best = _with_hundred(folded, tokens, at, best, reader)
    # "eight hundred five five five": digits behind a hundred.
    if hundreds[1] and best[1] == hundreds[1] + 1 and at + best[1] < len(tokens):
        token = tokens[at + best[1]].group()
        following = 0 if token in reader.repeats else reader.below.get((token,), 10)
        if following < 10 and (best[0] or 0) % 100 < 10 and _near(folded, tokens, at + best[1]):
            return hundreds
    return best


def _with_hundred(
    folded: str, tokens: list[re.Match[str]], at: int, count: tuple[int | None, int], reader: _Reader
) -> tuple[int | None, int]:
    """A count of hundreds in words of their own, with what follows: "चार सौ सत्रह"."""
    value, used = count
    if (
        not value
        or value > 99
        or value % 10 == 0
        or at + used >= len(tokens)
        or tokens[at + used].group() not in reader.hundred
    ):
        return count
    if not _near(folded, tokens, at + used):
        return count
    rest = reader.below.get((tokens[at + used + 1].group(),), 100) if at + used + 1 < len(tokens) else 100
    if 0 < rest < 100 and _near(folded, tokens, at + used + 1):
        return value * 100 + rest, used + 2
    return value * 100, used + 1


def _compound(word: str, reader: _Reader) -> int | None:
    """A number in one word with a thousand in it: "zwanzigtausendvierhundert"."""
    for thousand in reader.thousand:
        before, split, after = word.partition(thousand)
        if split and (before or after):
            count = reader.below.get((before,)) if before else 1
            rest = reader.below.get((after.removeprefix("und"),)) if after else 0
            if count and rest is not None:
                return count * 1000 + rest
    return None


def _near(folded: str, tokens: list[re.Match[str]], at: int) -> bool:
    return _GAP.fullmatch(folded, tokens[at - 1].end(), tokens[at].start()) is not None


@cache
def number_words(language: str, largest: int) -> dict[str, int]:
    """Number words up to a value, joined by spaces, for patterns of dates and times."""
    return {" ".join(key): value for key, value in _reader(language).below.items() if value <= largest}


@cache
def number_pattern(language: str, largest: int, *, least: int = 0, weak: bool = True) -> str:
    """A group of a pattern for number words up to a value, joined by spaces or hyphens."""
    unsure = {" ".join(words) for words in _reader(language).weak}
    words = [
        word
        for word, value in number_words(language, largest).items()
        if value >= least and (word not in unsure or (weak and value > 0))
    ]
    body = "|".join(re.escape(word).replace(r"\ ", "[ -]") for word in sorted(words, key=len, reverse=True))
    return f"(?:{body})"
