"""Payloads of records against the schema of their scenario."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.agents.payload import check_payload, record_schema
from tests.db.agents.definitions import small_agent
from tests.waiting import bounded_work

_GIVEN = {"query": "a table please", "intent": "reserve"}


def agent(schema: dict[str, Any] | None = None, **scenario: Any) -> AgentDefinition:
    """An agent whose scenario has the field ``value`` of this schema, and ``other``, a text."""
    fields = {"value": {"schema": schema or {"type": "string"}}, "other": {}}
    return small_agent(scenarios=[{"name": "reservation", "description": "A table.", "fields": fields, **scenario}])


def errors(payload: dict[str, Any], of: AgentDefinition) -> list[tuple[str, str]]:
    scenario = of.scenario("reservation")
    assert scenario is not None
    return [(each["loc"], each["msg"]) for each in check_payload(of, scenario, payload)[1]]


def test_every_schema_is_one() -> None:
    for definition in builtin_agents().values():
        for scenario in definition.scenarios:
            schema = record_schema(definition, scenario)
            Draft202012Validator.check_schema(schema)
            assert schema["properties"]["intent"]["enum"] == list(definition.intents_of(scenario.name))


def test_what_is_recorded() -> None:
    of = agent()
    scenario = of.scenarios[0]
    payload = {"query": " a table\n", "intent": "reserve", "name": None, "value": "by the window "}
    assert check_payload(of, scenario, payload) == (
        {"query": "a table", "intent": "reserve", "value": "by the window", "priority": "NORMAL"},
        [],
    )


@pytest.mark.parametrize(
    ("payload", "loc", "rule"),
    [
        ({"intent": "reserve"}, "query", "required"),
        ({"query": "x"}, "intent", "required"),
        ({**_GIVEN, "query": " \n"}, "query", "at least 1"),
        ({**_GIVEN, "query": "x" * 2001}, "query", "at most 2000"),
        ({**_GIVEN, "intent": "cancel"}, "intent", "one of reserve"),
        ({**_GIVEN, "priority": "NOW"}, "priority", "one of LOW, NORMAL, HIGH, URGENT"),
        ({**_GIVEN, "priority": "low"}, "priority", "one of"),
        ({**_GIVEN, "name": "123"}, "name", "letters"),
        ({**_GIVEN, "name": "x" * 201}, "name", "at most 200"),
        ({**_GIVEN, "phone": 5550142}, "phone", "type string"),
        ({**_GIVEN, "phone": "call me"}, "phone", "digits"),
        ({**_GIVEN, "account_id": "my account"}, "account_id", "letters, digits and hyphens"),
        ({**_GIVEN, "value": ""}, "value", "at least 1"),
        ({**_GIVEN, "value": "x" * 501}, "value", "at most 500"),
        ({**_GIVEN, "value": ["x"]}, "value", "type string"),
        ({**_GIVEN, "colour": "red"}, "colour", "no such field"),
        ({**_GIVEN, "my name is Ann": "red"}, "", "no such field"),
    ],
)
def test_refused(payload: dict[str, Any], loc: str, rule: str) -> None:
    ((found, told),) = errors(payload, agent())
    assert (found, rule in told) == (loc, True), told


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (
            {"type": "string", "format": "money"},
            ["49.90 EUR", "49.90", "$1,200", "12 €", "1'000.50 CHF", "५०० रुपये"],
            ["much", "", "EUR", "12 12 EUR USD"],
        ),
        (
            {"type": "string", "format": "date"},
            ["2026-12-31", "3/4/2026", "31.12.26"],
            ["2026-02-30", "Friday", "2026-13-01", "20261231"],
        ),
        ({"type": "string", "format": "time"}, ["19:30", "7:05", "00:00"], ["24:00", "7 pm", "19:60", "noon"]),
        ({"type": "string", "format": "number"}, ["6", "-3", "12.5", "१२"], ["six", "1e9", "0x1", "6 people"]),
        ({"type": "string", "format": "account_id"}, ["AC-20417", "44190"], ["-1", "1", "a b"]),
        ({"type": "string", "format": "person_name"}, ["Nguyễn Thị", "J."], ["12", "--"]),
        ({"type": "string", "format": "postal_address"}, ["7 Birch Crescent", "दिल्ली"], ["..."]),
        ({"type": "string", "format": "phone"}, ["555-0142"], ["none"]),
        ({"type": "string", "format": "email"}, ["kate@mail.example.org"], ["kate at home"]),
        ({"enum": ["indoor", "outdoor"]}, ["indoor"], ["Indoor", "", 1]),
        ({"type": "integer", "minimum": 1, "maximum": 20}, [1, 20], [0, 21, 1.5, True, "2"]),
        ({"type": "string", "pattern": "^[A-Z]{2}$"}, ["AB"], ["ABC", "ab", "ABx"]),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 2}, [["a"], []], [["a", "b", "c"], [1]]),
    ],
)
def test_schemas_of_fields(schema: dict[str, Any], good: list[object], bad: list[object]) -> None:
    for value in good:
        assert errors({**_GIVEN, "value": value}, agent(schema)) == [], value
    for value in bad:
        found = errors({**_GIVEN, "value": value}, agent(schema))
        assert found, value
        assert {loc.partition(".")[0] for loc, _ in found} == {"value"}


def test_no_error_repeats_the_value() -> None:
    secret = "Zebra7Zebra"
    schemas: list[dict[str, Any]] = [
        {"type": "string", "format": name} for name in ("phone", "email", "money", "date", "time", "number")
    ]
    schemas += [{"enum": ["a"]}, {"const": "a"}, {"type": "integer"}, {"type": "string", "maxLength": 3}]
    schemas += [{"type": "string", "pattern": "^a$"}, {"not": {"type": "string"}}, {"type": "object"}]
    for schema in schemas:
        found = errors({**_GIVEN, "value": secret, f"my name is {secret}": secret}, agent(schema))
        assert len(found) == 2
        assert secret not in str(found)
    nested = {"type": "object", "additionalProperties": False, "properties": {"a": {}}}
    assert secret not in str(errors({**_GIVEN, "value": {f"{secret} ": 1}}, agent(nested)))


def test_required_fields_and_one_of_several() -> None:
    fields = {"value": {"required": True}, "day": {}, "week": {}}
    of = small_agent(
        scenarios=[{"name": "reservation", "description": "A table.", "fields": fields, "one_of": ["day", "week"]}]
    )
    assert errors({**_GIVEN, "value": None}, of) == [
        ("value", "this field is required"),
        ("", "one of these fields is required: day, week"),
    ]
    assert errors({**_GIVEN, "value": "x", "week": "next"}, of) == []


def test_a_scenario_without_intents_has_its_name_for_one() -> None:
    of = small_agent(intents=[])
    assert record_schema(of, of.scenarios[0])["properties"]["intent"]["enum"] == ["reservation"]


def test_a_pattern_takes_linear_time() -> None:
    """``re`` takes hours for these."""
    of = agent({"type": "string", "maxLength": 100_000, "pattern": "^(a+)+$"})
    with bounded_work():
        assert errors({**_GIVEN, "value": "a" * 50_000 + "!"}, of) == [
            ("value", "the text does not have the field's pattern")
        ]


def test_what_is_too_long_or_too_much_is_not_looked_at() -> None:
    of = agent({"type": "string", "format": "email", "maxLength": 1_000_000})
    assert errors({**_GIVEN, "value": "a@" * 200_000}, of) == [("value", "the text must have at most 500 characters")]
    many = {f"field{number}": number for number in range(10_000)}
    assert len(errors({**_GIVEN, **many}, agent())) == 20
