"""Grounds: whether a value is in what was said. Compares digits, letters and words, not their spelling or grouping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from inference.turn.guard.spoken_numbers import says_number
from inference.turn.guard.words import MAX_CHARS, amounts, numbers_in, squashed, tokens

#: Most characters of all texts together; the last ones count.
_MAX_ALL_CHARS = 60_000

#: A number of at least so many digits may be said in groups with up to so many words between them.
_GROUPED = 4
_MAX_BETWEEN = 2

#: Characters of a value that may be put right in a part. Of it, at least one of so many was said before.
_SHORTEST_WHOLE = 4
_LONGEST_WHOLE = 80
_KEPT = 3
#: Most words of such a part; and of a message in which a single letter or digit is one: "8" also stands in "8 pm".
_PART_WORDS = 5
_SHORT_MESSAGE = 12

#: A phone number may be written with a country code that was not said, of so many digits.
_COUNTRY_CODE = 3
_SHORTEST_PHONE = 6


class Grounds:
    """Texts in which a value may be found, the most telling last: of very long ones the first are left out.

    ``languages``: in which numbers may be said in words, ISO 639-1.
    """

    def __init__(self, texts: Iterable[str], languages: Sequence[str]) -> None:
        given = _bounded(list(texts))
        self._texts = [found for text in given if (found := tokens(text))]
        self._words = frozenset(word for text in self._texts for word in text)
        self._languages = tuple(dict.fromkeys(languages))
        self._worth = frozenset(each for text in given for number in numbers_in(text) for each in amounts(number))

    def code(self, value: str) -> bool:
        """Whether letters and digits were said in this order, in any grouping."""
        target = squashed(value)
        return bool(target) and any(_holds(target, text) for text in self._texts)

    def put_together(self, value: str, wholes: Iterable[str]) -> bool:
        """Whether a value is one of ``wholes`` with a part put right that was said: "the last four are 0174"."""
        target = squashed(value)
        return any(self._corrects(target, squashed(whole)) for whole in wholes)

    def _corrects(self, target: str, whole: str) -> bool:
        if not _SHORTEST_WHOLE <= len(target) <= _LONGEST_WHOLE or len(whole) > _LONGEST_WHOLE:
            return False
        before = _alike(target, whole)
        behind = _alike(target[::-1], whole[::-1])
        behind = min(behind, len(target) - before, len(whole) - before)
        if (before + behind) * _KEPT < len(target):
            return False
        last = len(target) - behind
        ends = range(max(last, 1), len(target) + 1)
        parts = {target[at:end] for at in range(before + 1) for end in ends if at < end}
        return not parts.isdisjoint(self._parts) or any(
            part.isdigit() and len(part) > 1 and self._digits(part) for part in parts
        )

    @cached_property
    def _parts(self) -> frozenset[str]:
        """Words in a row, joined."""
        return frozenset(
            "".join(text[at : at + count])
            for text in self._texts
            for at in range(len(text))
            for count in range(1, _PART_WORDS + 1)
            if len(text) <= _SHORT_MESSAGE or len("".join(text[at : at + count])) > 1
        )

    def number(self, written: str) -> bool:
        """Whether a written number was said: its digits, its worth, or each of its parts, as in a date."""
        digits = squashed(written)
        if self._digits(digits) or not self._worth.isdisjoint(amounts(written)):
            return True
        parts = tokens(written)
        return len(parts) > 1 and all(self._digits(part) for part in parts)

    def phone(self, value: str) -> bool:
        """Whether the digits were said, with or without the country code and the zero that it replaces."""
        digits = "".join(each for each in squashed(value) if each.isdigit()).removeprefix("00")
        for cut in range(_COUNTRY_CODE + 1):
            local = digits[cut:].lstrip("0") if cut else digits
            if len(local) >= _SHORTEST_PHONE and (self._digits(local) or self._digits(f"0{local}")):
                return True
        return self._digits(digits)

    def name(self, value: str) -> bool:
        """Whether each word of a name was said, or its letters were spelled."""
        words = tokens(value)
        return bool(words) and (self._words.issuperset(words) or self.code(value))

    def most_words(self, value: str) -> bool:
        """Whether the numbers of a text and at least half of its words were said."""
        words = [each for each in tokens(value) if not each.isdigit()]
        said = sum(each in self._words for each in words)
        return self.numbers(value) and said * 2 >= len(words)

    def numbers(self, text: str) -> bool:
        """Whether all numbers of a text were said."""
        return all(self.number(each) for each in numbers_in(text))

    def _digits(self, digits: str) -> bool:
        if any(_holds(digits, text) for text in self._texts):
            return True
        spoken = [text for text in self._texts if any(word.isalpha() for word in text)]
        return any(says_number(digits, text, language) for language in self._languages for text in spoken)


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _bounded(texts: list[str]) -> list[str]:
    kept: list[str] = []
    left = _MAX_ALL_CHARS
    for text in reversed(texts):
        if left <= 0:
            break
        kept.append(text[: min(left, MAX_CHARS)])
        left -= len(kept[-1])
    return kept


def _holds(target: str, words: Sequence[str]) -> bool:
    return any(_holds_at(target, words, start) for start, word in enumerate(words) if target.startswith(word))


def _holds_at(target: str, words: Sequence[str], start: int) -> bool:
    """Whether the words from ``start`` on are the target, joined. Other words may stand between groups of digits."""
    grouped = target.isdigit() and len(target) >= _GROUPED
    rest, between = target, 0
    for word in words[start:]:
        if rest.startswith(word):
            rest, between = rest[len(word) :], 0
            if not rest:
                return True
        elif grouped and not word.isdigit() and between < _MAX_BETWEEN:
            between += 1
        else:
            return False
    return False
