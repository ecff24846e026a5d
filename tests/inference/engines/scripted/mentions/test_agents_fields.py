"""Values of agents of several trades: hours before a count, plates of cars, names of guests, medicines."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.agents.definition import AgentDefinition
from db.agents.parse import parse_file
from inference.engines.scripted.mentions import find_mentions
from inference.engines.scripted.values import NOTHING_ASKED, Expectation
from tests.quality.mentions import TODAY

_EXAMPLES = Path(__file__).parents[5] / "examples" / "agents"


def _read(example: str, language: str, text: str, expected: Expectation = NOTHING_ASKED) -> dict[str | None, str]:
    agent = parse_file(_EXAMPLES / example / f"{example}.yaml")
    return {each.field: each.value for each in find_mentions(text, language, agent, expected, TODAY)}


@pytest.mark.parametrize(
    ("language", "text", "hour"),
    [
        ("de", "um 20 Uhr einen Tisch", "20:00"),
        ("de", "um 20 Uhr zwölf Personen", "20:00"),
        ("es", "a las 21 dos personas", "21:00"),
        ("de", "um 20 Uhr 15", "20:15"),
        ("de", "um 8 Uhr fünf abends", "20:05"),
    ],
)
def test_a_count_behind_an_hour_is_no_minutes(language: str, text: str, hour: str) -> None:
    asked = Expectation(("hour",), ("time",))
    assert _read("restaurant", language, text, asked)["hour"] == hour


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "Table for 2 on 8 December at 8 pm for Nina Berg.", "Nina Berg"),
        ("de", "Einen Tisch für zwei am 8. Dezember für Nina Berg", "Nina Berg"),
        ("en", "A table for Saturday please", None),
    ],
)
def test_a_request_ends_with_whom_it_is_for(language: str, text: str, name: str | None) -> None:
    assert _read("restaurant", language, text).get("name") == name


def test_somebody_elses_name_answers_the_question_for_the_name() -> None:
    asked = Expectation(("name",), ("person_name",))
    assert _read("clinic", "en", "His name is Leo Hartmann.", asked) == {"name": "Leo Hartmann"}
    assert "name" not in _read("clinic", "en", "His name is Leo Hartmann.")


@pytest.mark.parametrize(
    ("text", "parcel"), [("My parcel B-MW 2041 is broken", "B-MW2041"), ("parcel HH-AB 123", "HH-AB123")]
)
def test_a_code_keeps_both_groups_of_letters(text: str, parcel: str) -> None:
    assert _read("parcels", "en", text)["parcel"] == parcel


def test_a_field_whose_phrases_end_with_the_value_takes_words_in_lower_case() -> None:
    said = _read("clinic", "en", "Can you renew my prescription for amlodipine? I'm Joyce Adeyemi.")
    assert said == {"medicine": "amlodipine", "name": "Joyce Adeyemi"}


@pytest.mark.parametrize(
    ("language", "text", "guests"),
    [("de", "Wir sind zu sechst.", "6"), ("en", "we would like to come, the five of us", "5")],
)
def test_party_sizes(language: str, text: str, guests: str) -> None:
    assert _read("restaurant", language, text)["guests"] == guests


def test_a_field_of_several_scenarios_is_understood_by_the_words_of_all() -> None:
    door = {"type": "string", "enum": ["front", "cellar"]}
    number = {"type": "string", "format": "number"}
    agent = AgentDefinition.model_validate(
        {
            "name": "locks",
            "description": "Locks.",
            "languages": ["en"],
            "instructions": "You take orders.",
            "scenarios": [
                {
                    "name": "order",
                    "description": "Keys.",
                    "fields": {
                        "door": {"schema": door, "values": {"cellar": {"en": ["the basement"]}}},
                        "code": {"schema": number, "names": {"en": ["code"]}},
                        "size": {"schema": number, "names": {"en": ["width"]}},
                    },
                },
                {
                    "name": "repair",
                    "description": "A lock.",
                    "fields": {
                        "door": {"schema": door, "values": {"cellar": {"en": ["downstairs"]}}},
                        "code": {"schema": number, "names": {"en": ["stamp"]}},
                    },
                },
            ],
        }
    )
    for text, field, value in (
        ("it is the basement", "door", "cellar"),
        ("it is downstairs", "door", "cellar"),
        ("the code is 4412", "code", "4412"),
        ("the stamp is 4412", "code", "4412"),
    ):
        assert [(each.field, each.value) for each in find_mentions(text, "en", agent)] == [(field, value)], text
