"""A known day, code or number that is put right by saying a part or the whole of it anew."""

from __future__ import annotations

import datetime as dt
import re

from inference.engines.scripted.dialogue.conditions import corrects
from inference.engines.scripted.dialogue.known_values import field_of, known_in_order, known_values
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.mentions import (
    codes_in,
    is_code,
    names_day,
    only_number,
    read_as_format,
    single_number,
)
from inference.engines.scripted.values import Mention, Understanding

#: Words of an utterance that is a code or a day and little else.
_MAX_CODE_WORDS, _MAX_DAY_WORDS = 6, 5
_HOURS = 24
#: Share of the signs of a code that stay when it is put right.
_SAME = 0.6


def in_known_month(mention: Mention, understood: Understanding, known: str | None) -> str:
    """The value; a bare day that puts a known date right is of its month: "the 27th, not the 20th"."""
    said = understood.text[mention.start : mention.end]
    if mention.format != "date" or not known or names_day(said) or len(re.findall(r"\d+", said)) > 1:
        return mention.value
    if not (corrects(understood) or understood.words <= _MAX_DAY_WORDS):
        return mention.value
    try:
        day, before = dt.date.fromisoformat(mention.value), dt.date.fromisoformat(known)
        return before.replace(day=day.day).isoformat() if _is_bare_day(said, day.day, understood) else mention.value
    except ValueError:
        return mention.value


def _is_bare_day(said: str, day: int, understood: Understanding) -> bool:
    """Whether a day is said by its number alone, not as "tomorrow"."""
    return str(day) in re.findall(r"\d+", said) or single_number(said, understood.language) == str(day)


def code_said_anew(state: DialogueState, understood: Understanding) -> dict[str, str]:
    """A known code of a text field that is said with a few other signs: "no, HH AB 210"."""
    if understood.wishes or not (corrects(understood) or understood.words <= _MAX_CODE_WORDS):
        return {}
    for name, value in known_values(state).items():
        field = field_of(state, name)
        if field is None or read_as_format(field) != "text" or not is_code(value):
            continue
        for text in codes_in(understood.text, field):
            one, other = (re.sub(r"\W", "", fold(each)) for each in (value, text))
            same = sum(a == b for a, b in zip(one, other, strict=False))
            if len(one) == len(other) and len(one) > same >= len(one) * _SAME:
                return {name: text}
    return {}


def number_said_anew(state: DialogueState, understood: Understanding) -> dict[str, str]:
    """The hour or number that was said last, put right by a bare number: "actually, make it nine"."""
    number = only_number(understood.text, understood.language)
    if not corrects(understood) or understood.wishes or understood.words > _MAX_CODE_WORDS or not number:
        return {}
    if any(each.format != "number" or each.field for each in understood.mentions):
        return {}
    for each in known_in_order(state):
        field = field_of(state, each.field)
        if field is not None and each.format == "number":
            return {each.field: number}
        if field is not None and each.format == "time" and 0 < int(number) <= _HOURS:
            late = each.value >= "12" and int(number) < _HOURS // 2
            return {each.field: f"{int(number) % _HOURS + (_HOURS // 2 if late else 0):02}:00"}
    return {}
