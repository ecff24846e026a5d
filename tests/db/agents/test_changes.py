"""What differs between two definitions."""

from __future__ import annotations

from typing import Any

import pytest

from db.agents.changes import changes
from tests.db.agents.definitions import small_definition
from tests.waiting import bounded_work


def told(before: Any, after: Any) -> list[str]:
    return [f"{each.kind.lower()} {each.path}" for each in changes(before, after)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"greeting": {"en": "Hi."}}, ["added greeting"]),
        ({"languages": ["en", "de"]}, ["changed intents[reserve].examples", "added languages[1]"]),
        ({"scenarios": []}, ["removed scenarios[reservation]"]),
        ({"description": 1}, ["changed description"]),
        ({"intents": "none"}, ["changed intents"]),
    ],
    ids=["nothing", "a key", "an item", "a named part", "a value", "another kind"],
)
def test_changes_are_told_by_path(changed: dict[str, Any], expected: list[str]) -> None:
    after = small_definition(**changed)
    after["intents"] = changed.get("intents", small_definition()["intents"])
    if "languages" in changed:
        after["intents"][0]["examples"] = 1
    assert sorted(told(small_definition(), after)) == sorted(expected)


def test_the_order_of_named_parts_does_not_count() -> None:
    one, other = {"name": "a"}, {"name": "b", "x": 1}
    assert told([one, other], [other, one]) == []
    assert told([one, other], [{**other, "x": 2}, one]) == ["changed [b].x"]
    assert told([True], [1]) == ["changed [0]"]


def test_large_definitions_are_compared_at_once() -> None:
    before, after = [f"{number}" for number in range(50_000)], [f"-{number}" for number in range(50_000)]
    with bounded_work():
        assert len(told(before, after)) == 50_000
