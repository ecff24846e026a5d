"""Which field of the agent a mention belongs to: by the words around it, or by the open question."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from db.agents.definition import AgentDefinition, FieldDefinition, ScenarioDefinition
from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, fold
from inference.engines.scripted.mentions.words import alternation
from inference.engines.scripted.values import Expectation

#: Formats of the standard fields.
STANDARD = {"name": "person_name", "phone": "phone", "account_id": "account_id"}
#: Most characters between a value and the name of its field.
_NEAR = 60
#: Languages whose verb stands behind its object.
_VERB_LAST = frozenset({"hi"})
_PREFIX = re.compile(r"(?<![\w-])([A-Z]{1,6}-?)NUMBER")
_SENTENCE_END = re.compile(r"[.!?;\n](?= |$)|\n")


def read_as_format(field: FieldDefinition) -> str:
    """The field's format; "enum" for yes or no, "text" for a field that is taken verbatim."""
    if field.json_schema.get("type") == "boolean":
        return "enum"
    return "text" if field.format in {None, "condition"} else str(field.format)


def choices_of(field: FieldDefinition) -> tuple[str, ...]:
    """The values of an enum, as texts; "true" and "false" of a field that is yes or no."""
    if field.json_schema.get("type") == "boolean":
        return ("true", "false")
    listed = field.json_schema.get("enum")
    values = listed if isinstance(listed, list) else []
    return tuple(str(each) for each in values if isinstance(each, str | int) and not isinstance(each, bool))


@dataclass(frozen=True, slots=True)
class Slot:
    """A field of the agent, in all scenarios that have one of this name. ``names``: a pattern of what customers call
    it. ``phrases``: patterns with a group.
    ``short``: whether a phrase of any language goes on behind the value ("the {} plan"), so that it is a name. Hindi
    does not count: its verbs stand behind every value.
    ``nouns``: what stands beside such a name ("plan").
    ``spoken_of``: of a time, what the definition says about its scenario, folded: it may tell the time of the day.
    """

    name: str
    format: str
    definitions: tuple[FieldDefinition, ...] = ()
    names: re.Pattern[str] | None = None
    phrases: tuple[re.Pattern[str], ...] = ()
    short: bool = False
    nouns: frozenset[str] = frozenset()
    spoken_of: tuple[tuple[str, str], ...] = ()


class Fields:
    """The fields of an agent in one language, the standard ones among them."""

    def __init__(self, agent: AgentDefinition, languages: tuple[str, ...]) -> None:
        self.slots: dict[str, Slot] = {name: Slot(name, form) for name, form in STANDARD.items()}
        asked = [name for each in agent.scenarios for name in (*each.ask_for, *each.one_of)]
        own = [field for each in agent.scenarios for field in each.fields.values()]
        #: Whether the agent asks anybody for an account: to one that asks for other things a bare code is none.
        self.accounts = "account_id" in asked or not asked or any(read_as_format(each) == "account_id" for each in own)
        #: What the numbers of the agent begin with, by its examples: "flat W-NUMBER".
        self.prefixes = frozenset(
            fold(prefix)
            for intent in agent.intents
            for lines in intent.examples.values()
            for text in lines
            for prefix in _PREFIX.findall(text)
        )
        named: dict[str, list[FieldDefinition]] = {}
        spoken_of: dict[str, tuple[tuple[str, str], ...]] = {}
        for scenario in agent.scenarios:
            for name, field in scenario.fields.items():
                known = named.setdefault(name, [])
                if not known or read_as_format(known[0]) == read_as_format(field):  # else the first is meant
                    known.append(field)
                    spoken_of[name] = (*spoken_of.get(name, ()), *_spoken_of(agent, scenario, field))
        for name, fields in named.items():
            slot = _slot(name, fields, languages)
            self.slots[name] = replace(slot, spoken_of=spoken_of[name]) if slot.format == "time" else slot

    def of_format(self, form: str) -> list[Slot]:
        """The fields of a format."""
        return [slot for slot in self.slots.values() if slot.format == form]

    def assign(
        self, form: str, folded: str, start: int, end: int, expected: Expectation, *, cued: bool = False
    ) -> str | None:
        """The field of a value at ``folded[start:end]``. ``cued``: the words around it name the format.

        In this order: the field whose name stands nearest, the one that was asked for, the standard one, the only one.
        """
        candidates = self.of_format(form)
        named = [(distance, slot.name) for slot in candidates if (distance := _distance(slot, folded, start, end)) >= 0]
        if named:
            return min(named)[1]
        asked = [
            name
            for name, each in zip(expected.fields, expected.formats, strict=False)
            if each == form or self._is(name, form)
        ]
        if asked:
            return asked[0]
        standard = next((slot.name for slot in candidates if slot.name in STANDARD), None)
        if standard or cued:
            return standard
        return candidates[0].name if len(candidates) == 1 else None

    def asked(self, expected: Expectation) -> frozenset[str]:
        """The formats of the fields that were asked for."""
        formats = [each for each in expected.formats if each]
        return frozenset([*formats, *(self.slots[name].format for name in expected.fields if name in self.slots)])

    def may_be_account(self, expected: Expectation) -> bool:
        """Whether a code that nothing names may be an account's: not to a question for another text."""
        asked = self.asked(expected)
        return "account_id" in asked or (self.accounts and None not in expected.formats)

    def named(self, form: str, folded: str, start: int, end: int) -> str | None:
        """The field of a format whose name or phrase stands around the value."""
        for slot in self.of_format(form):
            for phrase in slot.phrases:
                for match in phrase.finditer(folded):
                    if match.start("value") <= start and folded[match.start("value") : start].strip() == "":
                        return slot.name
        near = [
            (distance, slot.name)
            for slot in self.of_format(form)
            if (distance := _distance(slot, folded, start, end)) >= 0
        ]
        return min(near)[1] if near else None

    def _is(self, name: str, form: str) -> bool:
        slot = self.slots.get(name)
        return slot is not None and slot.format == form


def _spoken_of(
    agent: AgentDefinition, scenario: ScenarioDefinition, field: FieldDefinition
) -> tuple[tuple[str, str], ...]:
    """What the definition says of a scenario and of a field, with its language: examples, questions and names."""
    texts = [field.ask, field.names, *(each.examples for each in agent.intents if each.scenario == scenario.name)]
    return tuple((language, fold(text)) for each in texts for language, lines in each.items() for text in lines)


def _slot(name: str, fields: list[FieldDefinition], languages: tuple[str, ...]) -> Slot:
    names = [each for field in fields for language in languages for each in field.names.get(language, [])]
    pattern = re.compile(f"{LEFT}{alternation(names)}{RIGHT}") if names else None
    said = [each for field in fields for language in languages for each in field.phrases.get(language, [])]
    phrases = list(dict.fromkeys(said))
    return Slot(
        name,
        STANDARD.get(name, read_as_format(fields[0])),
        tuple(fields),
        pattern,
        tuple(map(_phrase, sorted(phrases, key=len, reverse=True))),
        any(
            not text.strip().endswith("{}")
            for field in fields
            for language, texts in field.phrases.items()
            if language not in _VERB_LAST
            for text in texts
        ),
        _nouns(phrases),
    )


def _nouns(phrases: list[str]) -> frozenset[str]:
    """Words behind a value, and those that more than one phrase has right before it."""
    parts = [fold(phrase).partition("{}") for phrase in phrases]
    before = Counter(head.split()[-1] for head, _, _ in parts if head.split())
    behind = {word for _, _, tail in parts for word in tail.split()}
    return frozenset(behind | {word for word, count in before.items() if count > 1 and len(word) > 2})


def _phrase(text: str) -> re.Pattern[str]:
    before, _, after = fold(text).partition("{}")
    head, tail = (r"[ ,]+".join(re.escape(word) for word in part.replace(",", " ").split()) for part in (before, after))
    # Without a head a value may also follow the phrase itself: "I want my plan changed to a gold plan".
    again = rf"|(?<={tail} )" if tail and "[" not in tail else ""
    opening = f"{LEFT}{head}[ ,:]+" if head else rf"(?:^|(?<=[,.;:!?\n] ){again})"
    if head.endswith("'"):
        opening = f"{LEFT}{head}"
    return re.compile(
        f"{opening}(?P<value>[^\n]*?)(?P<end>(?: ?,? |-){tail}{RIGHT})" if tail else f"{opening}(?P<value>[^\n]*)"
    )


def _distance(slot: Slot, folded: str, start: int, end: int) -> int:
    """Characters between a value and the field's name in the same sentence, -1 if it is not named there."""
    if slot.names is None:
        return -1
    first = max(0, start - _NEAR)
    before = folded[first:start]
    breaks = list(_SENTENCE_END.finditer(before.rstrip(" ?:")))
    base = breaks[-1].end() if breaks else 0
    near = [start - (first + match.end()) for match in slot.names.finditer(before, base)]
    after = folded[end : end + _NEAR]
    stop = _SENTENCE_END.search(after)
    follows = slot.names.search(after, 0, stop.start() if stop else len(after))
    # A name behind the value counts only next to it: "four people", "4 is my table number".
    if (
        follows
        and len(re.findall(rf"{LETTER}+", after[: follows.start()])) <= 3
        and "," not in after[: follows.start()]
    ):
        near.append(follows.start())
    return min(near, default=-1)
