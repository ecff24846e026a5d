"""Changes of single signs of a known number or code: "the last two are swapped", "there's a 9 missing at the end"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.mentions.dates import fold_pattern
from inference.engines.scripted.mentions.email_parts import Corrected, Known
from inference.engines.scripted.mentions.numerals import find_numerals
from inference.engines.scripted.mentions.text import LEFT, RIGHT, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words

_FORMATS = frozenset({"phone", "account_id"})
#: Words of an utterance that changes a sign of a value and says little else.
_MAX_WORDS = 16
#: Least signs of a value that is changed so.
_MIN_SIGNS = 4
#: Stands for a hidden word.
_HIDDEN = "|"
#: Words for one that are no article.
_ONES = frozenset({"one", "eins", "uno"})
#: Number words that mean something else too, but no article.
_NUMBERS = frozenset({"acht", "neuf"})
_SINGLE = re.compile(r"(?<![\w.,-])(?:\d|[b-hj-z])(?![\w-]|[.,]\d)")
_DIGITS = re.compile(r"(?<![\w.-])\d{1,4}(?![\w-]|[.,]\d)")

#: The value with the change made, None if it does not fit.
_Change = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class _Words:
    ends: re.Pattern[str]
    begins: re.Pattern[str]
    swapped: re.Pattern[str]
    extra: re.Pattern[str]
    missing: re.Pattern[str]
    nth: re.Pattern[str]
    places: dict[str, int]
    behind: re.Pattern[str]
    before: re.Pattern[str]
    replaces: tuple[re.Pattern[str], ...]
    negated: re.Pattern[str]
    counted: re.Pattern[str]
    nouns: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Where:
    """The places in a value that an utterance names. ``nths``: from the end if negative."""

    at_end: re.Match[str] | None
    at_begin: re.Match[str] | None
    nths: tuple[int, ...]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each) for each in languages_of(language)]
    edits = [each.edits for each in tables]
    fixes = [each.corrections for each in tables]
    places = {fold(word): place for each in reversed(edits) for word, place in each.nth.items()}
    signs = alternation(word for each in edits for word in each.signs)

    def either(name: str) -> re.Pattern[str]:
        return re.compile(f"{LEFT}{alternation(word for each in edits for word in getattr(each, name))}{RIGHT}")

    def fixed(name: str, end: str = RIGHT) -> re.Pattern[str]:
        return re.compile(f"{LEFT}{alternation((word for each in fixes for word in getattr(each, name)), ' ')}{end}")

    def template(text: str) -> re.Pattern[str]:
        body = (
            fold_pattern(text).replace("{old}", r"(?P<old>\d{1,4}|[a-z])").replace("{new}", r"(?P<new>\d{1,4}|[a-z])")
        )
        return re.compile(rf"(?<![\w.-]){body}(?![\w-]|[.,]\d)")

    units = [word for each in tables for word in (*each.numbers.units, *each.money.currencies, *each.money.cents)]
    return _Words(
        fixed("ends"),
        fixed("begins"),
        either("swapped"),
        either("extra"),
        either("missing"),
        re.compile(f"{LEFT}(?P<nth>{alternation(places)}) {signs}{RIGHT}"),
        places,
        either("behind"),
        either("before"),
        tuple(template(text) for each in edits for text in each.replaces),
        fixed("negations", r" (?:[^\s,.]{1,5} )?$"),
        re.compile(rf" ?(?:{alternation(word for word in units if word)})(?![^\W\d_])"),
        re.compile(rf" {signs}{RIGHT}"),
    )


def find_edit(said: Utterance, language: str, known: Sequence[Known]) -> Corrected | None:
    """The value of ``known`` of which single signs are changed; None if none is, or if it is not clear which."""
    if len(said.folded.split()) > _MAX_WORDS:
        return None
    words = _words(language)
    change = _change(said.folded, language, words)
    if change is None:
        return None
    for each in known:
        signs = "".join(ch for ch in each.value if ch.isalnum())
        value = change(each.value) if each.format in _FORMATS and len(signs) >= _MIN_SIGNS else None
        if value is not None and value != each.value:
            return Corrected(each.field, value, 0, len(said.text))
    return None


def is_counted(folded: str, end: int, language: str) -> bool:
    """Whether the number that ends at ``folded[end]`` counts or measures something: "5 days"."""
    return _words(language).counted.match(folded, end) is not None


def says_edit(text: str, language: str) -> bool:
    """Whether a text says that signs of a value changed places, or that there are too many."""
    words = _words(language)
    folded = fold(text)
    return words.swapped.search(folded) is not None or words.extra.search(folded) is not None


def _change(folded: str, language: str, words: _Words) -> _Change | None:
    nths = list(words.nth.finditer(folded))
    at_end, at_begin = words.ends.search(folded), words.begins.search(folded)
    where = _Where(at_end, at_begin, tuple(words.places[each["nth"]] for each in nths))
    shown = folded
    for match in (*words.swapped.finditer(folded), *words.extra.finditer(folded), *words.missing.finditer(folded)):
        shown = _hide(shown, match)
    for place in (*nths, at_end, at_begin):
        shown = _hide(shown, place) if place else shown
    shown = _in_digits(shown, language, words)
    if words.swapped.search(folded):
        return _swap(shown, where, language)
    for pattern in words.replaces:
        exchange = pattern.search(_in_digits(folded, language, words))
        if exchange is not None and exchange["old"] != exchange["new"]:
            return _put(exchange["old"], exchange["new"])
    numbers = [each for each in _DIGITS.finditer(shown) if not words.counted.match(shown, each.end())]
    if words.missing.search(folded) and numbers:
        return _insert(shown, numbers, where, words)
    if words.extra.search(folded):
        return _remove(numbers, where)
    if len(nths) == 1:
        return _set_nth(words.places[nths[0]["nth"]], shown, nths[0].end(), words)
    return None


def _hide(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + _HIDDEN * (match.end() - match.start()) + text[match.end() :]


def _in_digits(text: str, language: str, words: _Words) -> str:
    """The text with number words in digits, padded to the same length where they are longer."""
    pieces: list[str] = []
    at = 0
    for numeral in find_numerals(text, language):
        word = text[numeral.start : numeral.end]
        article = numeral.weak and (word not in _ONES or words.nouns.match(text, numeral.end))
        article = article and word not in _NUMBERS
        if numeral.spoken and not article:
            pieces += [text[at : numeral.start], numeral.digits.ljust(numeral.end - numeral.start)]
            at = numeral.end
    return "".join([*pieces, text[at:]])


def _digit_places(value: str) -> list[int]:
    return [at for at, ch in enumerate(value) if ch.isdigit()]


def _swap(shown: str, where: _Where, language: str) -> _Change | None:
    """Two signs change places: the last or the first two, those of two places, or two that are named."""
    named = [each.group() for each in _SINGLE.finditer(shown) if each.group().isdigit()]
    place, nths = where.at_end or where.at_begin, where.nths

    def swapped(value: str) -> str | None:
        places = _digit_places(value)
        digits = "".join(value[at] for at in places)
        if len(named) == 2 and named[0] != named[1]:
            pairs = [at for at in range(len(digits) - 1) if {*digits[at : at + 2]} == {*named}]
            first = pairs[0] if len(pairs) == 1 else -1
        elif len(nths) == 2:
            ends = sorted(at - 1 if at > 0 else len(digits) + at for at in nths)
            first = ends[0] if ends[1] - ends[0] == 1 else -1
        elif place is not None and not named:
            counted = [each.digits for each in find_numerals(place.group(), language) if not each.weak]
            first = (len(digits) - 2 if where.at_end else 0) if counted in ([], ["2"]) else -1
        else:
            first = -1
        if not 0 <= first < len(digits) - 1:
            return None
        changed = list(value)
        one, other = places[first], places[first + 1]
        changed[one], changed[other] = changed[other], changed[one]
        return "".join(changed)

    return swapped


def _put(old: str, new: str) -> _Change:
    """One sign, or a few in a row, in the place of others that are in the value once."""

    def put(value: str) -> str | None:
        places = _digit_places(value) if old.isdigit() else [at for at, ch in enumerate(value) if ch.isalpha()]
        row = fold("".join(value[at] for at in places))
        if old.isdigit() != new.isdigit() or row.count(old) != 1 or len(old) != len(new):
            return None
        changed = list(value)
        first = row.find(old)
        for at, sign in zip(places[first : first + len(old)], new.upper(), strict=True):
            changed[at] = sign
        return "".join(changed)

    return put


def _insert(shown: str, numbers: list[re.Match[str]], where: _Where, words: _Words) -> _Change | None:
    """Digits are put at the end, at the beginning, or beside one that is in the value once."""
    beside = {}
    for kind, pattern in ((1, words.behind), (0, words.before)):
        for cue in pattern.finditer(shown):
            near = next((each for each in numbers if 0 < each.start() - cue.end() <= 3), None)
            if near is not None:
                beside[near.start()] = (near.group(), kind)
    added = [each.group() for each in numbers if each.start() not in beside]
    if len(added) != 1 or not (beside or where.at_end or where.at_begin):
        return None

    def inserted(value: str) -> str | None:
        places = _digit_places(value)
        digits = "".join(value[at] for at in places)
        if beside:
            anchor, kind = next(iter(beside.values()))
            if digits.count(anchor) != 1:
                return None
            first = digits.find(anchor) + (len(anchor) if kind else 0)
            at = places[first] if first < len(places) else len(value)
            return value[:at] + added[0] + value[at:]
        at = places[-1] + 1 if where.at_end else places[0]
        return value[:at] + added[0] + value[at:]

    return inserted


def _remove(numbers: list[re.Match[str]], where: _Where) -> _Change | None:
    """A digit is taken out: of a place, or one that is named and is there once, or twice in a row."""
    named = [each.group() for each in numbers if len(each.group()) == 1]
    nths = where.nths
    if len(nths) > 1 or len(named) > 1 or not (nths or named):
        return None

    def removed(value: str) -> str | None:
        places = _digit_places(value)
        digits = "".join(value[at] for at in places)
        if nths and not named:
            at = nths[0] - 1 if nths[0] > 0 else len(digits) + nths[0]
        elif where.at_end or where.at_begin:
            at = len(digits) - 1 if where.at_end else 0
        elif digits.count(named[0]) == 1 or digits.count(named[0] * 2) == 1:
            at = digits.find(named[0] * 2) if named[0] * 2 in digits else digits.find(named[0])
        else:
            return None
        if not 0 <= at < len(digits) or (named and digits[at] != named[0]):
            return None
        return value[: places[at]] + value[places[at] + 1 :]

    return removed


def _set_nth(place: int, shown: str, start: int, words: _Words) -> _Change | None:
    """The digit, or the letter, of a place."""
    following = [
        each
        for each in _SINGLE.finditer(shown, start)
        if not words.negated.search(shown[max(start, each.start() - 24) : each.start()])
        and not words.counted.match(shown, each.end())
    ]
    if not following or re.search(r"\d", shown[start : following[0].start()]) or following[0].start() - start > 40:
        return None
    sign = following[0].group()

    def put(value: str) -> str | None:
        places = _digit_places(value) if sign.isdigit() else [at for at, ch in enumerate(value) if ch.isalpha()]
        at = place - 1 if place > 0 else len(places) + place
        if not 0 <= at < len(places):
            return None
        return value[: places[at]] + sign.upper() + value[places[at] + 1 :]

    return put
