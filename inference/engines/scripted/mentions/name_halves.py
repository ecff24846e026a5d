"""Given names and surnames that are said apart: "surname Mayer, first name Katrin", "García López, Lucía"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from inference.engines.scripted.mentions.text import LEFT, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words
from inference.engines.scripted.values import Mention

GIVEN, SURNAME = "given", "surname"
_LOOK_BACK = 40


@cache
def _cues(language: str) -> dict[str, re.Pattern[str]]:
    tables = [mention_words(each).names for each in languages_of(language)]
    kinds = {GIVEN: "given_cues", SURNAME: "surname_cues"}
    return {
        kind: re.compile(rf"{LEFT}{alternation(word for each in tables for word in getattr(each, name))}[ :,]+$")
        for kind, name in kinds.items()
    }


def half_of_name(text: str, start: int, language: str) -> str | None:
    """Which part of a name the words before ``text[start:]`` announce: GIVEN or SURNAME; None if none."""
    before = fold(text[max(0, start - _LOOK_BACK) : start])
    return next((kind for kind, cue in _cues(language).items() if cue.search(before)), None)


def join_halves(said: Utterance, mentions: Sequence[Mention], language: str, given: frozenset[str]) -> list[Mention]:
    """The mentions with the two halves of a name as one: announced, or side by side with a given name."""
    result: list[Mention] = []
    for each in sorted(mentions, key=lambda item: item.start):
        at = next((at for at in range(len(result) - 1, -1, -1) if result[at].format == "person_name"), None)
        if at is not None and each.format == "person_name":
            value = _joined(said, result[at], each, language, given)
            if value is not None:
                result[at] = replace(result[at], value=value, end=each.end)
                continue
        result.append(each)
    return result


def _joined(said: Utterance, first: Mention, second: Mention, language: str, given: frozenset[str]) -> str | None:
    words = [fold(each.value).split() for each in (first, second)]
    if set(words[0]) <= set(words[1]):
        return second.value
    if set(words[1]) <= set(words[0]):
        return first.value
    halves = [half_of_name(said.text, each.start, language) for each in (first, second)]
    if any(halves) and halves[0] != halves[1]:
        surname_first = halves[0] == SURNAME or halves[1] == GIVEN
        return f"{second.value} {first.value}" if surname_first else f"{first.value} {second.value}"
    if said.text[first.end : second.start].strip(" ,"):
        return None
    known = [any(word in given for word in each) for each in words]
    single = [len(each) == 1 for each in words]
    if known == [True, False] and all(single):
        return f"{first.value} {second.value}"
    return f"{second.value} {first.value}" if known == [False, True] and single[1] else None


def with_half(known: str, half: str, value: str) -> str:
    """A known name with its given name or its surname put right or added."""
    words = known.split()
    if half == GIVEN:
        return " ".join([value, *words[1:]]) if len(words) > 1 else f"{value} {known}"
    return " ".join([*words[: max(1, len(words) - len(value.split()))], value]) if words else value
