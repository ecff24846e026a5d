"""Digits that speech recognition writes by their sound: "پنچ" or "पंच" for पाँच, "ساتھ" (with) for सात, "108 septembre".

Such words are digits only in a row of spoken digits, as of an account number, since they may be other words too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from inference.engines.scripted.mentions.numerals import Numeral, find_numerals
from inference.engines.scripted.mentions.sounds import sound_of
from inference.engines.scripted.mentions.text import LETTER, fold
from inference.engines.scripted.mentions.words import languages_of, mention_words

_TOKEN = re.compile(rf"(?:(?!\d){LETTER})+")
#: Nothing stands between two digits that were written as one word.
_GAP = re.compile(r"[ ,.\-]{0,3}")
_LAST_DAY = 31
#: Most letters of two digit words.
_LONGEST = 16
#: Least digits in a row for misheard ones among them.
_LEAST = 4


@cache
def _digits_by_sound(language: str) -> dict[str, str]:
    """Sound -> digit. Of digits that sound alike, the one whose frequent word has the sound: "sn" is शून्य, not सेवन."""
    found: dict[str, tuple[int, int]] = {}
    for each in languages_of(language):
        for digit, variants in enumerate(mention_words(each).numerals.listed[:10]):
            for rank, variant in enumerate(variants.split()):
                if sound := sound_of(fold(variant)):
                    found[sound] = min(found.get(sound, (rank, digit)), (rank, digit))
    return {sound: str(digit) for sound, (_, digit) in found.items()}


@cache
def _digit_words(language: str) -> dict[str, str]:
    """Digit words of two letters or more, in Devanagari and Urdu script."""
    return {
        fold(variant): str(digit)
        for each in languages_of(language)
        for digit, variants in enumerate(mention_words(each).numerals.listed[:10])
        for variant in variants.split()
        if len(variant) > 1 and sound_of(fold(variant))
    }


@cache
def _other_words(language: str) -> frozenset[str]:
    """Frequent words that stand around numbers, of one sound each ("का", "ہے")."""
    cues = mention_words(language).numbers
    return frozenset(fold(word) for word in (*cues.fillers, *cues.after, *cues.units))


def find_heard_numerals(folded: str, language: str) -> list[Numeral]:
    """``find_numerals`` and the misheard digits beside them."""
    sure = find_numerals(folded, language)
    if not sure:
        return sure
    return _completed(folded, _by_sound(folded, sure, language), language)


def _by_sound(folded: str, sure: list[Numeral], language: str) -> list[Numeral]:
    sounds = _digits_by_sound(language)
    if not sounds:
        return sure
    heard = [
        each
        for match in _TOKEN.finditer(folded)
        if match.group() not in _other_words(language)
        and not any(each.start < match.end() and match.start() < each.end for each in sure)
        for each in _heard(match.group(), match.start(), sounds, _digit_words(language))
    ]
    if not heard:
        return sure
    kept: list[Numeral] = []
    row: list[Numeral] = []
    for each in sorted((*sure, *heard), key=lambda each: each.start):
        if row and not (len(each.digits) == 1 and _GAP.fullmatch(folded, row[-1].end, each.start)):
            kept += _row(row, heard, folded)
            row = []
        row.append(each)
    return [*kept, *_row(row, heard, folded)]


def _heard(word: str, start: int, sounds: dict[str, str], digits: dict[str, str]) -> list[Numeral]:
    """The digit that a word sounds like, or two digits that were written as one word ("چارتین")."""
    sound = sound_of(word)
    if sound in sounds:
        return [Numeral(start, start + len(word), sounds[sound], spoken=True)]
    for at in range(2, min(len(word), _LONGEST) - 1):
        first, second = word[:at], word[at:]
        one = digits.get(first)
        other = digits.get(second) or (sounds.get(sound_of(second)) if len(sound_of(second)) > 1 else None)
        if one and other:
            middle, end = start + at, start + len(word)
            return [Numeral(start, middle, one, spoken=True), Numeral(middle, end, other, spoken=True)]
    return []


def _row(row: list[Numeral], heard: Sequence[Numeral], folded: str) -> Iterable[Numeral]:
    """The numerals of a row of digits; the misheard ones only if it is long enough, and at its ends if they are
    of several consonants ("تو" is no digit there).
    """
    while row and row[0] in heard and len(sound_of(folded[row[0].start : row[0].end])) == 1:
        row = row[1:]
    while row and row[-1] in heard and len(sound_of(folded[row[-1].start : row[-1].end])) == 1:
        row = row[:-1]
    if len(row) >= _LEAST and any(each not in heard for each in row):
        return row
    return [each for each in row if each not in heard]


def _completed(folded: str, numerals: list[Numeral], language: str) -> list[Numeral]:
    """With digit words that recognition went on with as another word: "108 septembre" for "un zéro huit, sept"."""
    words = mention_words(language).numerals.completions
    if not words:
        return numerals
    result = []
    for at, each in enumerate(numerals):
        result.append(each)
        match = _TOKEN.search(folded, each.end)
        if match is None or match.group() not in words or folded[each.end : match.start()].strip(" ,-"):
            continue
        grouped = at > 0 and _GAP.fullmatch(folded, numerals[at - 1].end, each.start) is not None
        if grouped or int(each.digits) > _LAST_DAY or each.digits.startswith("0"):
            result.append(Numeral(match.start(), match.end(), str(words[match.group()]), spoken=True))
    return result
