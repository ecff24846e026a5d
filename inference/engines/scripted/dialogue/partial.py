"""Corrections of a part of a value that is known: "no, it's 14", "it ends in 9", "with a C", "Rees, not Reyes"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import SequenceMatcher

from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.mentions import (
    Known,
    changed_name,
    correct_part,
    find_letter_changes,
    half_of_name,
    merge_correction,
    names_day,
    single_number,
    spelled_words,
    with_half,
)
from inference.engines.scripted.values import Mention, Understanding

_DIGITS = frozenset({"phone", "account_id"})
#: Digits of a house number; a longer number is no part of an address.
_HOUSE = 4
#: How alike a name and its correction are, 0..1.
_ALIKE = 0.6
_HOUSE_NUMBER = re.compile(r"(?<!\w)\d{1,4}[a-zA-Z]?(?!\w)")
#: How alike a word of a name and the letters that are spelled are.
_SPELLED_ALIKE = 0.5
_NAME = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")


def put_right_part(
    understood: Understanding, values: Mapping[str, str], known: Iterable[Known]
) -> dict[str, str] | None:
    """The values of an utterance with the one that it corrects in a part; None if it corrects none so.

    ``values``: as they were read. ``known``: what was said before, the last first.
    """
    known = list(known)
    part = correct_part(understood.text, understood.language, known)
    if part is not None:
        inside = [each.value for each in understood.mentions if each.start < part.end and part.start < each.end]
        kept = {name: value for name, value in values.items() if value not in inside and name != part.field}
        return {**kept, part.field: part.value}
    name = next((each for each in known if each.format == "person_name"), None)
    if name is not None:
        right = _with_half(understood, name.value) or _spelled_anew(understood, name.value)
        right = right or _right_name(understood, name.value) or _respelled(understood, name.value)
        if right is not None and right != name.value:
            return {**values, name.field: right}
    return None


def _with_half(understood: Understanding, known: str) -> str | None:
    """The known name with the given name or the surname that is said alone."""
    names = [each for each in understood.mentions if each.format == "person_name" and not each.retracted]
    if len(names) != 1:
        return None
    half = half_of_name(understood.text, names[0].start, understood.language)
    whole = half is None or len(names[0].value.split()) > 1 + (half == "surname")
    return None if half is None or whole else with_half(known, half, names[0].value)


def _spelled_anew(understood: Understanding, known: str) -> str | None:
    """The known name with the one word that is spelled letter by letter and is like it: "no, M A Y E R"."""
    spelled = spelled_words(understood.text, understood.language)
    words = known.split()
    if len(spelled) != 1 or not words or not fold(known).isascii():
        return None
    letters = spelled[0]
    at = max(range(len(words)), key=lambda at: (_ratio(words[at], letters), at))
    return " ".join([*words[:at], letters, *words[at + 1 :]]) if _ratio(words[at], letters) >= _SPELLED_ALIKE else None


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, fold(one), fold(other)).ratio()


def _respelled(understood: Understanding, known: str) -> str | None:
    """The known name with the one word that is said anew, and denied or much like it: "Mukherjee, not Mukherji"."""
    said = [each.value for each in understood.mentions if each.format == "person_name" and not each.retracted]
    words = known.split()
    wrong = [fold(each.value) for each in understood.mentions if each.format == "person_name" and each.retracted]
    denied = [at for at, word in enumerate(words) if fold(word) in wrong]
    if len(said) == 1 and len(denied) == 1 and len(words) > 1 and " " not in said[0]:
        return " ".join([*words[: denied[0]], said[0], *words[denied[0] + 1 :]])
    if not understood.corrects or len(said) != 1 or len(words) < 2 or " " in said[0]:
        return None
    at = max(range(len(words)), key=lambda at: SequenceMatcher(None, fold(words[at]), fold(said[0])).ratio())
    return " ".join([*words[:at], said[0], *words[at + 1 :]]) if _alike(words[at], said[0]) else None


def _right_name(understood: Understanding, known: str) -> str | None:
    """The known name with the letters or the word that the utterance puts right."""
    changes = find_letter_changes(fold(understood.text), understood.language)
    if not changes:
        return None
    said = [each.group() for each in _NAME.finditer(understood.text)]
    words = known.split()
    for at, word in enumerate(words):
        # The word that was said again, spelled as it shall be: "it's Carin with a C".
        for new in said:
            if fold(new) != fold(word) and _alike(word, new):
                words[at] = new if not new.islower() else new.title()
                return " ".join(words)
    named = [at for at, word in enumerate(words) if fold(word) in map(fold, said)]
    for change in changes:
        if len(named) == 1:
            words[named[0]] = changed_name(words[named[0]], change)  # "without an h in Jon"
            known = " ".join(words)
        else:
            known = changed_name(known, change)
    return known


def _alike(one: str, other: str) -> bool:
    return abs(len(one) - len(other)) <= 2 and SequenceMatcher(None, fold(one), fold(other)).ratio() >= _ALIKE


def merged_number(mention: Mention, understood: Understanding, known: Iterable[Known]) -> dict[str, str]:
    """A number without a field in the place of the known one that it fits best: "no, it's 14"."""
    number = _as_number(mention, understood)
    if number is None:
        return {}
    known = [each for each in known if _fits(each, number)]
    for each in sorted(known, key=lambda item: -_likeness(item, number)):
        if each.format == "account_id" and _is_code_like(each.value, number.value):
            return {each.field: number.value}
        merged = merge_correction(each.value, number, each.format)
        if merged is not None:
            return {each.field: merged}
    return {}


def _as_number(mention: Mention, understood: Understanding) -> Mention | None:
    if mention.format == "number":
        return mention
    if mention.format == "date" and mention.field is None:  # "no, es el 14"
        said = understood.text[mention.start : mention.end]
        digits = None if names_day(said) else single_number(said, understood.language)
        return replace(mention, format="number", value=digits) if digits else None
    return mention


def says_anew(mention: Mention, understood: Understanding, known: Iterable[Known]) -> bool:
    """Whether a value without a field is a known number or code with a few other signs: "it's 5 1 0 7 9 sorry"."""
    said = _as_number(mention, understood)
    return said is not None and any(
        each.format in _DIGITS and _differs_little(each.value, said.value) for each in known
    )


def _squeezed(value: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", fold(value))


def _differs_little(known: str, said: str) -> bool:
    """Whether two numbers or codes of one length differ in at most a third of their signs, or one has a sign more."""
    one, other = _squeezed(known), _squeezed(said)
    if other.isdigit():
        one = "".join(ch for ch in one if ch.isdigit())
    if len(other) < _HOUSE or one == other:
        return False
    if abs(len(one) - len(other)) == 1 and min(len(one), len(other)) > _HOUSE:
        longer, shorter = sorted((one, other), key=len, reverse=True)
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
    same = sum(a == b for a, b in zip(one, other, strict=False))
    return len(one) == len(other) and same * 3 >= len(one) * 2


def _is_code_like(known: str, said: str) -> bool:
    """Whether a code differs from the known one in a few signs: "7702-P", "7702-B"."""
    return not _squeezed(said).isdigit() and (_squeezed(known) == _squeezed(said) or _differs_little(known, said))


def _fits(known: Known, number: Mention) -> bool:
    if number.format != "number":
        return known.format == number.format
    if known.format == "postal_address":
        return len(number.value) <= _HOUSE
    return True


def _likeness(known: Known, number: Mention) -> float:
    """1 for a number of as many digits that differs in some, less for a house number; else the order of what was said
    decides.
    """
    house = _HOUSE_NUMBER.search(known.value) if known.format == "postal_address" else None
    if house is not None:
        return 0.5 if abs(len(house.group()) - len(number.value)) <= 1 else 0.0
    digits = "".join(ch for ch in known.value if ch.isdigit())
    if known.format not in _DIGITS or len(digits) != len(number.value) or len(digits) < _HOUSE:
        return 0.0
    return float(sum(a == b for a, b in zip(digits, number.value, strict=True)) * 2 >= len(digits))
