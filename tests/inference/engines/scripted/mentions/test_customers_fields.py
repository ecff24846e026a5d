"""Fields of customers' own agents: codes, choices in part of their words, hours by what an agent is for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from db.agents.definition import AgentDefinition
from inference.engines.scripted.mentions import find_mentions
from inference.engines.scripted.values import Expectation

_FIELDS: dict[str, Any] = {
    "plate": {"schema": {"type": "string"}, "names": {"en": ["registration", "plate"], "de": ["Kennzeichen"]}},
    "room": {"schema": {"type": "string", "pattern": "^[0-9]{3}$"}, "names": {"en": ["room"], "es": ["habitación"]}},
    "hour": {"schema": {"type": "string", "format": "time"}},
    "day": {"schema": {"type": "string", "format": "date"}},
    "loan": {"schema": {"type": "string", "enum": ["yes", "no"]}},
    "kind": {
        "schema": {"type": "string", "enum": ["single", "double"]},
        "values": {"single": {"en": ["single room"]}, "double": {"en": ["double room"], "es": ["cuarto doble"]}},
    },
}
_BOOKING = {"name": "booking", "description": "A booking."}
_AGENT = AgentDefinition.model_validate(
    {
        "name": "inn",
        "description": "Takes bookings.",
        "languages": ["en", "de", "es"],
        "instructions": "Take bookings.",
        "intents": [{"name": "book", "scenario": "booking", "examples": {"en": ["a table for dinner"]}}],
        "scenarios": [{**_BOOKING, "fields": _FIELDS, "ask_for": ["plate", "name"]}],
    }
)
_TODAY = dt.date(2026, 11, 26)


def _fields(text: str, language: str, asked: str | None = None, form: str | None = None) -> dict[str | None, str]:
    expected = Expectation((asked,), (form,)) if asked else Expectation()
    return {each.field: each.value for each in find_mentions(text, language, _AGENT, expected, _TODAY)}


@pytest.mark.parametrize(
    ("text", "language", "plate"),
    [
        ("An inspection please, registration KL-45-DX.", "en", "KL-45-DX"),
        ("the plate is HH AB 120", "en", "HH AB 120"),
        ("Das Kennzeichen lautet F Strich GH 88", "de", "F-GH 88"),
        ("plate is hh tr 77", "en", "hh tr 77"),
        ("the plate is new", "en", None),
    ],
)
def test_a_code_stands_behind_the_name_of_its_field(text: str, language: str, plate: str | None) -> None:
    assert _fields(text, language).get("plate") == plate


@pytest.mark.parametrize(
    ("text", "language", "asked", "room"),
    [
        ("Room 214.", "en", False, "214"),
        ("three one two", "en", True, "312"),
        ("la 118", "es", True, "118"),
        ("my number is 4471", "en", True, None),
    ],
)
def test_a_code_has_the_pattern_of_its_field(text: str, language: str, asked: bool, room: str | None) -> None:
    assert _fields(text, language, "room" if asked else None).get("room") == room


def test_a_plain_answer_is_a_choice_only_where_it_was_asked_for() -> None:
    assert "loan" not in _fields("yes please", "en")
    assert _fields("yes please", "en", "loan", "enum") == {"loan": "yes"}


@pytest.mark.parametrize(("text", "kind"), [("the doubl one", "double"), ("doble", "double"), ("hello", None)])
def test_an_answer_may_say_a_part_of_a_choice(text: str, kind: str | None) -> None:
    assert _fields(text, "en", "kind", "enum").get("kind") == kind


@pytest.mark.parametrize(
    ("text", "language", "hour"),
    [("half past seven", "en", "19:30"), ("um halb sieben", "de", "18:30"), ("7 am", "en", "07:00")],
)
def test_hours_are_those_of_what_the_agent_is_for(text: str, language: str, hour: str) -> None:
    assert _fields(text, language, "hour", "time").get("hour") == hour


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [("ich hätte gern am Mittwoch", "de", "2026-12-02"), ("ich hatte am Mittwoch", "de", "2026-11-25")],
)
def test_a_day_behind_a_conditional_is_not_past(text: str, language: str, day: str) -> None:
    assert day in _fields(text, language, "day", "date").values()


def test_a_pattern_that_cannot_be_a_part_of_another_finds_nothing_and_does_no_harm() -> None:
    code = {"schema": {"type": "string", "pattern": "(?x)^[a-z]{3}[0-9]{3}$ # letters, then digits"}}
    agent = _AGENT.model_copy(
        update={"scenarios": [_AGENT.scenarios[0].model_validate({**_BOOKING, "fields": {"code": code}})]}
    )
    found = find_mentions("room 204 for two", "en", agent, Expectation(), _TODAY)
    assert "code" not in {each.field for each in found}
