"""Small agent definitions for tests."""

from __future__ import annotations

from typing import Any

from db.agents.definition import AgentDefinition


def small_agent(name: str = "desk", **changes: Any) -> AgentDefinition:
    """A definition with one intent and one scenario; ``changes`` replace its keys."""
    return AgentDefinition.model_validate(small_definition(name, **changes))


def small_definition(name: str = "desk", **changes: Any) -> dict[str, Any]:
    """The same as JSON, with examples in its languages."""
    examples = {each: ["I want to reserve a table"] for each in changes.get("languages", ["en"])}
    return {
        "name": name,
        "description": "Takes reservations.",
        "languages": ["en"],
        "instructions": "You take reservations.",
        "intents": [
            {"name": "reserve", "scenario": "reservation", "examples": examples},
        ],
        "scenarios": [
            {
                "name": "reservation",
                "description": "A table for an evening.",
                "fields": {
                    "people": {"schema": {"type": "string", "format": "number"}, "ask": {"en": "For how many?"}},
                    "evening": {"schema": {"type": "string", "format": "date"}, "ask": {"en": "For which evening?"}},
                },
                "ask_for": ["name", "people", "evening"],
            },
        ],
        **changes,
    }
