"""Checks of an agent definition beyond its model: names that refer to each other, languages, placeholders, limits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from db.agents.check_replies import REPLIES, check_replies
from db.agents.check_schema import check_schema, count_patterns
from db.agents.definition import STANDARD_FIELDS, AgentDefinition, FieldDefinition, ScenarioDefinition
from db.agents.problems import MAX_PROBLEMS, Loc
from db.agents.tool_names import BUILT_IN_TOOLS, SEPARATOR
from db.json_value import Json
from db.languages import LANGUAGES

#: Most intents of an agent, and most examples of all its intents: each is embedded when an agent is first used.
MAX_INTENTS = 200
MAX_EXAMPLES = 5_000
MAX_SCENARIOS = 100
MAX_FIELDS = 50
MAX_PATTERNS = 50

#: Characters that Postgres cannot store, and other control characters than tab and line ends.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

#: The way to a value, the message, and whether it is about the key.
Found = tuple[Loc, str, bool]


def check_definition(agent: AgentDefinition) -> list[Found]:
    """What is wrong with a definition: the way to the value, the message, whether it is about the key.

    Of a definition with very many problems the first 100.
    """
    found: list[Found] = []
    for check in (_characters, _languages, _names, _intents, _scenarios, _handover, _tools, _knowledge, check_replies):
        for loc, message, *key in check(agent):
            found.append((loc, message, bool(key)))
            if len(found) == MAX_PROBLEMS:
                return found
    return found


#: A problem with the value; one about its key has a third member.
_Problems = Iterator[tuple[Loc, str] | tuple[Loc, str, str]]
_KEY = "key"


def _characters(agent: AgentDefinition) -> _Problems:
    def walk(value: Json, loc: Loc) -> _Problems:
        if isinstance(value, str):
            if _CONTROL.search(value):
                yield loc, "The text has control characters, such as NUL, or half a character."
        elif isinstance(value, float) and not abs(value) < float("inf"):
            yield loc, "This is not a number that JSON has."
        elif isinstance(value, Mapping):
            for key, part in value.items():
                if _CONTROL.search(key):
                    yield loc, "A key has control characters, such as NUL, or half a character."
                yield from walk(part, (*loc, key))
        elif isinstance(value, Sequence):
            for number, part in enumerate(value):
                yield from walk(part, (*loc, number))

    yield from walk(agent.model_dump(by_alias=True, exclude_defaults=True), ())


def _languages(agent: AgentDefinition) -> _Problems:
    for number, language in enumerate(agent.languages):
        if language not in LANGUAGES:
            yield (
                ("languages", number),
                f"There is no language {language!r}: a language is its code of ISO 639-1, as en.",
            )
    yield from _once(agent.languages, ("languages",), "language")
    for loc, texts in _all_texts(agent):
        for language in texts:
            if language not in agent.languages:
                yield (*loc, language), f"{language!r} is not one of the agent's languages.", _KEY
    if agent.intents:
        for number, language in enumerate(agent.languages):
            if not any(language in intent.examples for intent in agent.intents):
                yield (
                    ("languages", number),
                    f"No intent has examples in {language!r}: such customers are not understood.",
                )


def _all_texts(agent: AgentDefinition) -> Iterator[tuple[Loc, Mapping[str, object]]]:
    """All values by language, and where they stand."""
    yield ("greeting",), agent.greeting
    yield ("voices",), agent.voices
    for name, reply in agent.replies.items():
        yield ("replies", name), reply
    for number, intent in enumerate(agent.intents):
        yield ("intents", number, "examples"), intent.examples
        yield ("intents", number, "answer"), intent.answer
    for number, scenario in enumerate(agent.scenarios):
        at: Loc = ("scenarios", number)
        yield (*at, "title"), scenario.title
        for kind in REPLIES:
            yield (*at, "replies", kind), getattr(scenario.replies, kind)
        for name, field in scenario.fields.items():
            for kind in ("ask", "read_back", "names", "phrases"):
                yield (*at, "fields", name, kind), getattr(field, kind)
            for value, said in field.values.items():
                yield (*at, "fields", name, "values", value), said


def _names(agent: AgentDefinition) -> _Problems:
    yield from _once([each.name for each in agent.intents], ("intents",), "intent", "name")
    yield from _once([each.name for each in agent.scenarios], ("scenarios",), "scenario", "name")
    yield from _once([each.server for each in agent.tools], ("tools",), "server", "server")
    yield from _once([each.source for each in agent.knowledge], ("knowledge",), "source", "source")


def _once(names: Sequence[str], loc: Loc, what: str, *key: str) -> _Problems:
    counted = Counter(names)
    for number, name in enumerate(names):
        if counted[name] > 1 and name in names[:number]:
            yield (*loc, number, *key), f"The {what} {name!r} is there twice."


def _intents(agent: AgentDefinition) -> _Problems:
    if len(agent.intents) > MAX_INTENTS:
        yield ("intents",), f"An agent has at most {MAX_INTENTS} intents."
    if sum(len(said) for intent in agent.intents for said in intent.examples.values()) > MAX_EXAMPLES:
        yield ("intents",), f"The intents have more than {MAX_EXAMPLES} examples together."
    for number, intent in enumerate(agent.intents):
        if not intent.examples:
            yield ("intents", number, "examples"), "An intent without examples is never recognized."
        if intent.scenario is not None and agent.scenario(intent.scenario) is None:
            yield ("intents", number, "scenario"), _no_scenario(agent, intent.scenario)


def _no_scenario(agent: AgentDefinition, name: str) -> str:
    return f"There is no scenario {name!r}: use one of {', '.join(agent.scenario_names) or 'those that you define'}."


def _scenarios(agent: AgentDefinition) -> _Problems:
    schemas = [field.json_schema for scenario in agent.scenarios for field in scenario.fields.values()]
    if sum(map(count_patterns, schemas)) > MAX_PATTERNS:
        yield ("scenarios",), f"The schemas of an agent's fields have at most {MAX_PATTERNS} patterns."
        return
    if len(agent.scenarios) > MAX_SCENARIOS:
        yield ("scenarios",), f"An agent has at most {MAX_SCENARIOS} scenarios."
    for number, scenario in enumerate(agent.scenarios):
        loc: Loc = ("scenarios", number)
        if scenario.name in BUILT_IN_TOOLS or SEPARATOR in scenario.name:
            yield (*loc, "name"), f"{scenario.name!r} cannot be a scenario's name: tools are called so."
        if len(scenario.fields) > MAX_FIELDS:
            yield (*loc, "fields"), f"A scenario has at most {MAX_FIELDS} fields."
        for name, field in scenario.fields.items():
            yield from _field(name, field, (*loc, "fields", name))
        for key in ("ask_for", "one_of"):
            yield from _field_names(scenario, getattr(scenario, key), (*loc, key))


def _field_names(scenario: ScenarioDefinition, names: Sequence[str], loc: Loc) -> _Problems:
    yield from _once(names, loc, "field")
    known = [*scenario.fields, "name", "phone", "account_id"]
    for number, name in enumerate(names):
        if name not in known:
            yield (*loc, number), f"There is no field {name!r} to ask for: use one of {', '.join(known)}."


def _field(name: str, field: FieldDefinition, loc: Loc) -> _Problems:
    if name in STANDARD_FIELDS:
        yield loc, f"{name!r} is a standard field, which every record has: it cannot be defined again.", _KEY
    for inner, message in check_schema(field.json_schema):
        yield (*loc, "schema", *inner), message
    options = field.json_schema.get("enum")
    listed = options if isinstance(options, list) else []
    for value in field.values:
        if value not in listed:
            yield (
                (*loc, "values", value),
                f"{value[:64]!r} is not one of the values that the schema's enum lists.",
                _KEY,
            )


def _handover(agent: AgentDefinition) -> _Problems:
    if agent.handover is not None and agent.scenario(agent.handover.scenario) is None:
        yield ("handover", "scenario"), _no_scenario(agent, agent.handover.scenario)


def _tools(agent: AgentDefinition) -> _Problems:
    servers = {each.server: each for each in agent.tools}
    for number, each in enumerate(agent.tools):
        for place, tool in enumerate(each.confirm):
            if each.allow is not None and tool not in each.allow:
                yield ("tools", number, "confirm", place), f"The tool {tool[:64]!r} is not one of those under allow."
    for number, scenario in enumerate(agent.scenarios):
        if scenario.tool is None:
            continue
        server, separator, tool = scenario.tool.partition(SEPARATOR)
        loc: Loc = ("scenarios", number, "tool")
        if not separator or not tool:
            yield loc, "An external tool is named as server__tool."
        elif server not in servers:
            yield loc, f"The server {server[:64]!r} is not among the agent's tools."
        elif (allowed := servers[server].allow) is not None and tool not in allowed:
            yield loc, f"The tool {tool[:64]!r} is not one of those that its server allows under tools."


def _knowledge(agent: AgentDefinition) -> _Problems:
    for number, each in enumerate(agent.knowledge):
        if each.text is None:
            yield ("knowledge", number), "The text is missing: publish the file that names it, or give text."
        elif not each.text.strip():
            yield ("knowledge", number, "source"), "The text is empty."
