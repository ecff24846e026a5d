"""Values that are said to be wrong: "not 12 but 14", "AC-11, sorry, AC-12", "Plata no"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from inference.engines.scripted.mentions.dates import fold_pattern
from inference.engines.scripted.mentions.text import LEFT, RIGHT, Utterance
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words
from inference.engines.scripted.values import Mention

_VALUE = r"[^\s,.;:!?]+(?: [^\s,.;:!?]+){0,3}?"
_MAX_BETWEEN = 60


@dataclass(frozen=True, slots=True)
class _Words:
    contrasts: tuple[re.Pattern[str], ...]
    markers: re.Pattern[str]
    negated: re.Pattern[str]
    wrong: re.Pattern[str]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each).corrections for each in languages_of(language)]
    contrasts = [fold_pattern(text) for table in tables for text in table.contrasts]
    return _Words(
        tuple(re.compile(f"{LEFT}{text.replace('{x}', _VALUE)}(?=$|[\\s,.;:!?])") for text in contrasts),
        re.compile(f"{LEFT}{alternation(word for table in tables for word in table.markers)}{RIGHT}"),
        re.compile(rf"{LEFT}{alternation(word for table in tables for word in table.negated)} (?:[^\s,.]{{1,5}} )?$"),
        re.compile(rf"[ ,]{{0,2}}{alternation(word for table in tables for word in table.wrong)}{RIGHT}"),
    )


def retract(said: Utterance, mentions: list[Mention], language: str) -> list[Mention]:
    """The mentions with those marked that are said to be wrong, and the words of a contrast between two names."""
    words = _words(language)
    spans = {
        (each.start, each.end): (start, end)
        for each in mentions
        for start, end in said.claimed
        if said.span(start, end) == (each.start, each.end)
    }
    result = sorted(mentions, key=lambda each: each.start)
    for pattern in words.contrasts:
        for match in pattern.finditer(said.folded):
            result = _contrast(said, match, result)
    for at, each in enumerate(result):
        folded = spans.get((each.start, each.end))
        if folded is None or each.retracted:
            continue
        before = said.folded[max(0, folded[0] - 24) : folded[0]]
        following = next((item for item in result[at + 1 :] if _same_kind(each, item)), None)
        replaced = following is not None and words.markers.search(_between(said, spans, each, following)) is not None
        if words.negated.search(before) or words.wrong.match(said.folded, folded[1]) or replaced:
            result[at] = replace(each, retracted=True)
    return result


def _same_kind(first: Mention, second: Mention) -> bool:
    return (
        first.format == second.format
        and first.value != second.value
        and (first.field == second.field or None in {first.field, second.field})
    )


def _between(said: Utterance, spans: dict[tuple[int, int], tuple[int, int]], first: Mention, second: Mention) -> str:
    start = spans.get((first.start, first.end), (0, 0))[1]
    end = spans.get((second.start, second.end), (0, 0))[0]
    return said.folded[start:end] if 0 < end - start <= _MAX_BETWEEN else ""


def _contrast(said: Utterance, match: re.Match[str], mentions: list[Mention]) -> list[Mention]:
    old, new = said.span(*match.span("old")), said.span(*match.span("new"))
    within = [each for each in mentions if _overlap(each, old)]
    if within:
        return [replace(each, retracted=True) if each in within else each for each in mentions]
    named = all(said.is_upper(match.start(group)) for group in ("old", "new"))
    if not named or any(_overlap(each, new) and each.format != "text" for each in mentions):
        return mentions
    added = [Mention("text", said.said(*match.span("old")), *old, retracted=True)]
    if not any(_overlap(each, new) for each in mentions):
        added.append(Mention("text", said.said(*match.span("new")), *new))
    return sorted([*mentions, *added], key=lambda each: each.start)


def _overlap(each: Mention, span: tuple[int, int]) -> bool:
    return each.start < span[1] and span[0] < each.end
