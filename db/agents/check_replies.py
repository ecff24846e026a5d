"""Checks of the placeholders in the texts of an agent definition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from db.agents.definition import STANDARD_FIELDS, AgentDefinition, FieldDefinition, ScenarioDefinition, Texts
from db.agents.problems import Loc
from db.agents.reply_keys import REPLY_GROUPS, REPLY_KEYS

#: Placeholders of each of a scenario's replies, beside its fields. ``details``: the read-backs of its own fields.
REPLIES: Mapping[str, frozenset[str]] = {
    "lead": frozenset({"details"}),
    "confirm": frozenset({"details"}),
    "filed": frozenset({"details", "reference"}),
    "updated": frozenset({"details", "reference"}),
    "ask_one_of": frozenset(),
}

_NONE: frozenset[str] = frozenset()
_BRACES = re.compile(r"[{}]")
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}", re.ASCII)


def check_replies(agent: AgentDefinition) -> Iterator[tuple[Loc, str]]:
    """Placeholders that name nothing, and braces that are none."""
    yield from _texts(agent.greeting, ("greeting",), _NONE)
    for name, texts in agent.replies.items():
        if name not in REPLY_KEYS and name.partition(".")[0] not in REPLY_GROUPS:
            near = get_close_matches(name[:64], REPLY_KEYS, 1)
            hint = f": did you mean {near[0]}?" if near else "."
            yield ("replies", name), f"There is no reply of this name{hint}"
        yield from _texts(texts, ("replies", name), None)  # which these have is the engine's to know
    for number, intent in enumerate(agent.intents):
        yield from _texts(intent.answer, ("intents", number, "answer"), _NONE)
    for number, scenario in enumerate(agent.scenarios):
        yield from _scenario(scenario, ("scenarios", number))


def _scenario(scenario: ScenarioDefinition, loc: Loc) -> Iterator[tuple[Loc, str]]:
    yield from _texts(scenario.title, (*loc, "title"), _NONE)
    fields = frozenset({*scenario.fields, *STANDARD_FIELDS})
    for kind, further in REPLIES.items():
        # A tool of another server answers with what it likes: any name may be in its result.
        known = None if scenario.tool and kind in ("filed", "updated") else fields | further
        yield from _texts(getattr(scenario.replies, kind), (*loc, "replies", kind), known)
    for name, field in scenario.fields.items():
        yield from _field(field, (*loc, "fields", name))


def _field(field: FieldDefinition, loc: Loc) -> Iterator[tuple[Loc, str]]:
    yield from _texts(field.ask, (*loc, "ask"), _NONE)
    yield from _texts(field.read_back, (*loc, "read_back"), frozenset({"value"}))
    for language, said in field.read_back.items():
        for number, text in enumerate(said):
            if "{value}" not in text:
                yield (*loc, "read_back", language, number), "The text has no {value}."
    for language, said in field.phrases.items():
        for number, phrase in enumerate(said):
            if phrase.count("{}") != 1 or _BRACES.search(phrase.replace("{}", "")):
                message = "A phrase has one {}, which stands for the value, and no other braces."
                yield (*loc, "phrases", language, number), message


def _texts(texts: Texts, loc: Loc, known: frozenset[str] | None) -> Iterator[tuple[Loc, str]]:
    """``known``: the names that may stand in braces; None for any."""
    for language, said in texts.items():
        yield from _said(said, (*loc, language), known)


def _said(said: Sequence[str], loc: Loc, known: frozenset[str] | None) -> Iterator[tuple[Loc, str]]:
    for number, text in enumerate(said):
        if _BRACES.search(_PLACEHOLDER.sub("", text)):
            yield (*loc, number), "A brace here must be of a placeholder, as {reference}."
        for name in _PLACEHOLDER.findall(text):
            if known is not None and name not in known:
                use = f"use one of {', '.join(sorted(known))}" if known else "there are none in this text"
                yield (*loc, number), f"The placeholder {{{name[:64]}}} names nothing: {use}."
