"""Mistakes in the meaning of an agent definition: references, languages, schemas of fields, placeholders, bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from db.agents.parse import validate_definition
from db.errors import InvalidDefinition
from tests.db.agents.definitions import small_definition


def changed(change: Callable[[dict[str, Any]], object]) -> list[str]:
    """``path: message`` of each problem of a small definition after a change."""
    given = small_definition()
    change(given)
    with pytest.raises(InvalidDefinition) as refused:
        validate_definition(given)
    return [f"{each.path}: {each.message}" for each in refused.value.problems]


def set_in(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Sets the value at a path of keys and indexes; the last of ``path`` is the value."""

    def change(given: Any) -> None:
        *way, key, value = path
        for each in way:
            given = given[each]
        given[key] = value

    return change


_FIELD = ("scenarios", 0, "fields", "people")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        # references
        (
            set_in("intents", 0, "scenario", "order"),
            "intents[0].scenario: There is no scenario 'order': use one of reservation.",
        ),
        (set_in("handover", {"scenario": "order"}), "handover.scenario: There is no scenario 'order'"),
        (
            set_in("scenarios", 0, "ask_for", ["name", "guests"]),
            "scenarios[0].ask_for[1]: There is no field 'guests' to ask for",
        ),
        (
            set_in("scenarios", 0, "ask_for", ["intent"]),
            "scenarios[0].ask_for[0]: There is no field 'intent' to ask for",
        ),
        (
            set_in("scenarios", 0, "ask_for", ["name", "name"]),
            "scenarios[0].ask_for[1]: The field 'name' is there twice",
        ),
        (set_in("scenarios", 0, "one_of", ["guests"]), "scenarios[0].one_of[0]: There is no field 'guests'"),
        (set_in("scenarios", 0, "tool", "where_is"), "scenarios[0].tool: An external tool is named as server__tool."),
        (set_in("scenarios", 0, "tool", "parcels__where"), "scenarios[0].tool: The server 'parcels' is not among"),
        (
            lambda given: given.update(
                tools=[{"server": "p", "allow": ["a"]}], scenarios=[{**given["scenarios"][0], "tool": "p__b"}]
            ),
            "scenarios[0].tool: The tool 'b' is not one of those",
        ),
        (
            set_in("tools", [{"server": "p", "allow": ["a"], "confirm": ["b"]}]),
            "tools[0].confirm[0]: The tool 'b' is not one",
        ),
        # names
        (
            lambda given: given["intents"].append(given["intents"][0]),
            "intents[1].name: The intent 'reserve' is there twice.",
        ),
        (
            lambda given: given["scenarios"].append(given["scenarios"][0]),
            "scenarios[1].name: The scenario 'reservation' is there",
        ),
        (set_in("languages", ["en", "en"]), "languages[1]: The language 'en' is there twice."),
        (
            set_in("scenarios", 0, "name", "find_crm_records"),
            "scenarios[0].name: 'find_crm_records' cannot be a scenario's",
        ),
        (set_in("scenarios", 0, "name", "a__b"), "scenarios[0].name: 'a__b' cannot be a scenario's"),
        # languages
        (set_in("languages", ["en", "xx"]), "languages[1]: There is no language 'xx'"),
        (set_in("languages", ["en", "no"]), "languages[1]: No intent has examples in 'no'"),
        (set_in("greeting", {"de": "Hallo"}), "greeting.de: 'de' is not one of the agent's languages."),
        (set_in("voices", {"de": "thorsten"}), "voices.de: 'de' is not one"),
        (set_in("replies", {"abilities": {"de": "Ich"}}), "replies.abilities.de: 'de' is not one"),
        (set_in("intents", 0, "examples", {"en": ["x"], "de": ["y"]}), "intents[0].examples.de: 'de' is not one"),
        (set_in("intents", 0, "answer", {"de": "Ja"}), "intents[0].answer.de: 'de' is not one"),
        (set_in(*_FIELD, "ask", {"de": "Wie viele?"}), "scenarios[0].fields.people.ask.de: 'de' is not one"),
        (
            set_in(*_FIELD, {"schema": {"enum": ["a"]}, "values": {"a": {"de": "x"}}}),
            "scenarios[0].fields.people.values.a.de: 'de'",
        ),
        (set_in("scenarios", 0, "title", {"de": "x"}), "scenarios[0].title.de: 'de' is not one"),
        (set_in("scenarios", 0, "replies", {"filed": {"de": "x"}}), "scenarios[0].replies.filed.de: 'de' is not one"),
        (set_in("intents", 0, "examples", {}), "intents[0].examples: An intent without examples is never recognized."),
        # fields
        (
            set_in("scenarios", 0, "fields", {"name": {}, "people": {}, "evening": {}}),
            "scenarios[0].fields.name: 'name' is a standard field",
        ),
        (
            set_in(*_FIELD, "schema", {"type": "string", "format": "iban"}),
            "scenarios[0].fields.people.schema.format: There is no such",
        ),
        (
            set_in(*_FIELD, "schema", {"type": "string", "format": 5}),
            "scenarios[0].fields.people.schema.format: There is no such",
        ),
        (
            set_in(*_FIELD, "schema", {"format": "date"}),
            "scenarios[0].fields.people.schema.format: A format is of texts",
        ),
        (
            set_in(*_FIELD, "schema", {"type": "strnig"}),
            "scenarios[0].fields.people.schema.type: This is no JSON Schema",
        ),
        (
            set_in(*_FIELD, "schema", {"type": "string", "maxLength": "5"}),
            "scenarios[0].fields.people.schema.maxLength: This is no",
        ),
        (
            set_in(*_FIELD, "schema", {"type": "string", "maxlength": 5}),
            "people.schema.maxlength: 'maxlength' is no keyword",
        ),
        (set_in(*_FIELD, "schema", {"$ref": "#"}), "people.schema.$ref: $ref is not allowed"),
        (
            set_in(*_FIELD, "schema", {"items": {"$ref": "http://example.com/x"}}),
            "people.schema.items.$ref: $ref is not allowed",
        ),
        (
            set_in(*_FIELD, "schema", {"anyOf": [{"$dynamicRef": "#a"}]}),
            "people.schema.anyOf[0].$dynamicRef: $dynamicRef is not",
        ),
        (
            set_in(*_FIELD, "schema", {"properties": {"a": {"uniqueItems": True}}}),
            "a.uniqueItems: 'uniqueItems' is no keyword",
        ),
        (set_in(*_FIELD, "schema", {"enum": []}), "people.schema.enum: An enum lists at least one value."),
        (
            set_in(*_FIELD, "schema", {"type": "string", "pattern": "(?=a)"}),
            "people.schema.pattern: This pattern cannot be used",
        ),
        (
            set_in(*_FIELD, "schema", {"type": "string", "pattern": "(a)\\1"}),
            "people.schema.pattern: This pattern cannot be used",
        ),
        (
            set_in(*_FIELD, "schema", {"type": "string", "pattern": "("}),
            "people.schema.pattern: This pattern cannot be used",
        ),
        (
            set_in(*_FIELD, "schema", {"type": "string", "pattern": "((a{1,99}){1,99}){1,99}"}),
            "people.schema.pattern: This pattern",
        ),
        (
            set_in(*_FIELD, "schema", {"minimum": float("nan")}),
            "people.schema.minimum: This is not a number that JSON has.",
        ),
        (
            set_in(*_FIELD, {"schema": {"enum": ["a"]}, "values": {"b": {"en": "x"}}}),
            "people.values.b: 'b' is not one of the values",
        ),
        (set_in(*_FIELD, "phrases", {"en": ["because"]}), "people.phrases.en[0]: A phrase has one {}"),
        (set_in(*_FIELD, "phrases", {"en": ["{} {}"]}), "people.phrases.en[0]: A phrase has one {}"),
        (set_in(*_FIELD, "phrases", {"en": ["{} {x}"]}), "people.phrases.en[0]: A phrase has one {}"),
        # placeholders
        (
            set_in("scenarios", 0, "replies", {"filed": {"en": "Under {refrence}."}}),
            "replies.filed.en[0]: The placeholder {refrence} names nothing: use one of account_id, details, evening",
        ),
        (
            set_in("scenarios", 0, "replies", {"confirm": {"en": "So {reference}?"}}),
            "confirm.en[0]: The placeholder {reference} names",
        ),
        (
            set_in("scenarios", 0, "replies", {"filed": {"en": "Under {reference"}}),
            "filed.en[0]: A brace here must be of a placeholder",
        ),
        (
            set_in("scenarios", 0, "replies", {"filed": {"en": "Under {0.__class__}"}}),
            "filed.en[0]: A brace here must be",
        ),
        (
            set_in("greeting", {"en": "Hello {name}"}),
            "greeting.en[0]: The placeholder {name} names nothing: there are none in this",
        ),
        (set_in(*_FIELD, "read_back", {"en": "for several"}), "people.read_back.en[0]: The text has no {value}."),
        # characters
        (set_in("instructions", "a\0b"), "instructions: The text has control characters"),
        (set_in("greeting", {"en": "a\ud800"}), "greeting.en[0]: "),
        (
            set_in(*_FIELD, "schema", {"description": "a\0"}),
            "people.schema.description: The text has control characters",
        ),
        # replies
        (
            set_in("replies", {"abilitys": {"en": "x"}}),
            "replies.abilitys: There is no reply of this name: did you mean",
        ),
        (set_in("replies", {"zzz": {"en": "x"}}), "replies.zzz: There is no reply of this name."),
        # knowledge
        (set_in("knowledge", [{"source": "house.md"}]), "knowledge[0]: The text is missing"),
        (set_in("knowledge", [{"source": "house.md", "text": " \n"}]), "knowledge[0].source: The text is empty."),
        (set_in("knowledge", [{"source": "a", "text": "x\0"}]), "knowledge[0].text: The text has control characters"),
        (
            set_in("knowledge", [{"source": "a", "text": "x"}, {"source": "a", "text": "y"}]),
            "knowledge[1].source: The source 'a' is",
        ),
    ],
)
def test_mistakes_in_the_meaning(change: Callable[[dict[str, Any]], object], told: str) -> None:
    found = changed(change)
    assert any(told in each for each in found), found
    assert all(len(each) < 400 for each in found)


def test_what_is_allowed() -> None:
    given = small_definition(
        knowledge=[{"source": "house.md", "text": "# Hours\n\tNine to five."}],
        tools=[{"server": "parcels"}],
        replies={"abilities": {"en": "I am {anything}."}},
    )
    given["scenarios"].append(
        {
            "name": "track",
            "description": "Where it is.",
            "fields": {
                "people": {
                    "schema": {"enum": ["a", "b"], "default": {"$ref": "data"}},
                    "values": {"a": {"en": "first"}},
                    "phrases": {"en": "the {} one"},
                    "read_back": {"en": "it is {value}"},
                }
            },
            "one_of": ["people", "phone"],
            "tool": "parcels__where_is",
            "replies": {"filed": {"en": "{people} is at {place}."}, "confirm": {"en": "Shall I file {details}?"}},
        }
    )
    assert len(validate_definition(given).scenarios) == 2


def test_the_bounds() -> None:
    many = {"en": [f"example {number}" for number in range(500)]}
    intents = [{"name": f"i{number}", "examples": many} for number in range(11)]
    assert any("more than 5000 examples" in each for each in changed(set_in("intents", intents)))
    intents = [{"name": f"i{number}", "examples": {"en": "x"}} for number in range(201)]
    assert any("at most 200 intents" in each for each in changed(set_in("intents", intents)))
    fields = {f"f{number}": {"schema": {"type": "string", "pattern": f"x{number}"}} for number in range(51)}
    assert any("at most 50 patterns" in each for each in changed(set_in("scenarios", 0, "fields", fields)))
    deep: dict[str, Any] = {}
    for _ in range(9):
        deep = {"items": deep}
    assert any("nested deeper" in each for each in changed(set_in(*_FIELD, "schema", deep)))
    for _ in range(900):
        deep = {"items": deep}
    assert changed(set_in(*_FIELD, "schema", deep)) == [": The definition is nested deeper than 20 levels."]
    assert len(changed(set_in(*_FIELD, "phrases", {"en": ["x"] * 400}))) == 100
