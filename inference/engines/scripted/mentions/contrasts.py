"""Values that are said to be wrong: "not 12 but 14", "AC-11, sorry, AC-12", "Plata no"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from inference.engines.scripted.mentions.dates import fold_pattern
from inference.engines.scripted.mentions.fields import Fields
from inference.engines.scripted.mentions.names import name_rules
from inference.engines.scripted.mentions.text import LEFT, RIGHT, Utterance
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words
from inference.engines.scripted.values import NOTHING_ASKED, Mention

_VALUE = r"[^\s,.;:!?]{1,40}(?: [^\s,.;:!?]{1,40}){0,3}?"
#: Not within a word; patterns may begin with a value.
_BEGIN = r"(?<![^\s,.;:!?¿¡()])"
_MAX_BETWEEN = 60
#: Formats of values that are short names, behind which a noun may stand: "not the Gold plan".
_LOOSE = frozenset({"text", "enum"})
#: Characters between "not A" and the right value.
_NEAR = 16
_SPELLED = re.compile(r"[^\W\d_](?:-[^\W\d_]){2,}")
#: More words of a name behind the first one.
_CAPITALS = re.compile(r"(?: [A-ZÀ-ÖØ-Þ][\w'’\-]{0,30}){1,4}")


@dataclass(frozen=True, slots=True)
class _Words:
    contrasts: tuple[re.Pattern[str], ...]
    markers: re.Pattern[str]
    negated: re.Pattern[str]
    wrong: re.Pattern[str]
    fillers: re.Pattern[str]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each).corrections for each in languages_of(language)]
    numbers = [mention_words(each).numbers for each in languages_of(language)]
    contrasts = [fold_pattern(text) for table in tables for text in table.contrasts]
    negated = alternation((word for table in tables for word in table.negated), " ")
    return _Words(
        tuple(re.compile(f"{_BEGIN}{text.replace('{x}', _VALUE)}(?=$|[\\s,.;:!?])") for text in contrasts),
        re.compile(f"{LEFT}{alternation(word for table in tables for word in table.markers)}{RIGHT}"),
        re.compile(rf"{LEFT}{negated} (?:[^\s,.]{{1,5}} )?$"),
        re.compile(rf"[ ,]{{0,2}}{alternation(word for table in tables for word in table.wrong)}{RIGHT}"),
        re.compile(f"{LEFT}{alternation(word for each in numbers for word in each.fillers)}{RIGHT}"),
    )


def retract(said: Utterance, mentions: list[Mention], language: str, fields: Fields) -> list[Mention]:
    """The mentions with those marked that are said to be wrong, and the words of a contrast between two names."""
    words = _words(language)
    spans = {said.span(start, end): (start, end) for start, end in said.claimed}
    result = sorted(mentions, key=lambda each: each.start)
    for pattern in words.contrasts:
        for match in pattern.finditer(said.folded):
            result = _contrast(said, match, result, language, fields)
    result = _same_again(said, spans, result, words)
    for at, each in enumerate(result):
        folded = spans.get((each.start, each.end))
        if folded is None or each.retracted:
            continue
        before = said.folded[max(0, folded[0] - 24) : folded[0]]
        following = next((item for item in result[at + 1 :] if _same_kind(each, item)), None)
        replaced = following is not None and words.markers.search(_between(said, spans, each, following)) is not None
        if words.negated.search(before) or _is_wrong(said, result, each, folded[1], words) or replaced:
            result[at] = replace(each, retracted=True)
    return result


def _is_wrong(said: Utterance, mentions: list[Mention], mention: Mention, end: int, words: _Words) -> bool:
    """Whether a value is said to be wrong behind it. A bare "no" belongs to it only if nothing else is denied by it."""
    match = words.wrong.match(said.folded, end)
    if match is None:
        return False
    rest = said.folded[match.end() :].lstrip(" ")
    stop = said.span(match.end(), len(said.folded))[0] if rest else len(said.text)
    following = any(_same_kind(mention, each) and 0 <= each.start - stop <= _NEAR for each in mentions)
    return " " in match.group().strip(" ,") or not rest or rest[0] in ",.;:!?" or following


def _same_again(
    said: Utterance, spans: dict[tuple[int, int], tuple[int, int]], mentions: list[Mention], words: _Words
) -> list[Mention]:
    """Numbers that put an account or phone number right: "my account is 20417. Sorry, 20471"."""
    result = list(mentions)
    for at, (first, second) in enumerate(pairwise(mentions), 1):
        between = _between(said, spans, first, second)
        alike = abs(len(first.value) - len(second.value)) <= 1 or first.value.endswith(second.value[-2:])
        alike = alike or not words.fillers.sub(" ", words.markers.sub(" ", between)).strip(" ,.;:-")
        number = second.format == "number" and second.field is None and len(second.value) >= 3
        if not (number and alike and first.format in {"account_id", "phone"}):
            continue
        if words.markers.search(between):
            result[at - 1] = replace(first, retracted=True)
            result[at] = replace(second, format=first.format, field=first.field, retracted=False)
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


def _contrast(
    said: Utterance, match: re.Match[str], mentions: list[Mention], language: str, fields: Fields
) -> list[Mention]:
    old, new = said.span(*match.span("old")), said.span(*match.span("new"))
    within = [each for each in mentions if _overlap(each, old) and (each.format in _LOOSE or each.end >= old[1] - 1)]
    if within:
        return [replace(each, retracted=True) if each in within else each for each in mentions]
    rules = name_rules(language)
    named = all(
        said.is_upper(match.start(group))
        and match[group].split()[0] not in rules.common
        and not match[group].endswith(rules.endings)
        for group in ("old", "new")
    )
    if not named or any(_overlap(each, new) and each.format != "text" for each in mentions):
        return mentions
    more = _CAPITALS.match(said.text, new[1])
    new = (new[0], more.end()) if more else new
    person = bool({match["old"].split()[0], match["new"].split()[0]} & rules.given)
    form = "person_name" if person else "text"
    field = fields.assign(form, said.folded, match.start("old"), match.end("new"), NOTHING_ASKED) if person else None
    added = [Mention(form, said.said(*match.span("old")), *old, field, retracted=True)]
    if not any(_overlap(each, new) for each in mentions):
        value = " ".join(said.text[slice(*new)].split())
        added.append(Mention(form, _without_hyphens(value), *new, field))
    return sorted([*mentions, *added], key=lambda each: each.start)


def _without_hyphens(value: str) -> str:
    """A name that was spelled: "L-E-I-G-H"."""
    return value.replace("-", "").title() if _SPELLED.fullmatch(value) else value


def _overlap(each: Mention, span: tuple[int, int]) -> bool:
    return each.start < span[1] and span[0] < each.end
