"""Values that a field's schema does not allow: they are not taken, and the customer is told why."""

from __future__ import annotations

from dataclasses import dataclass

from db.agents.definition import FieldDefinition, ScenarioDefinition
from db.agents.payload import broken_rules
from db.json_value import Json

#: Left to the tool: a number that is misheard is put right in parts, over several utterances.
_LEFT = frozenset({"format"})


@dataclass(frozen=True, slots=True)
class Unfit:
    """A value that was said for a field and not taken. ``rule``: the keyword that it breaks, ``limit``: of that."""

    scenario: ScenarioDefinition
    name: str
    value: str
    rule: str
    limit: str


def typed(value: str, field: FieldDefinition | None) -> Json:
    """A value as the type of its field's schema, if it can be read as that."""
    schema = field.json_schema if field is not None else {}
    listed = schema.get("enum")
    if isinstance(listed, list):
        return next((each for each in listed if str(each) == value), value)
    kind = schema.get("type")
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    if kind == "integer" and value.lstrip("-").isdigit():
        return int(value)
    if kind in ("number", "integer"):
        try:
            return float(value.replace(",", "."))
        except ValueError:
            return value
    return value


def unfit(scenario: ScenarioDefinition, name: str, value: str) -> Unfit | None:
    """What keeps a value of an own field from being taken; None if nothing does."""
    field = scenario.fields[name]
    for rule, limit in broken_rules(field, typed(value, field)):
        if rule not in _LEFT:
            return Unfit(scenario, name, value, rule, str(limit))
    return None
