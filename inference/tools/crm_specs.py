"""The CRM tools of an agent, as offered to models: one that files a record for each scenario, find, and update.

Their schemas are made from the agent's definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, Field

from db.agents.definition import AgentDefinition, ScenarioDefinition
from db.agents.payload import record_schema
from db.agents.tool_names import CRM_SERVER, FIND_CRM_RECORDS, UPDATE_CRM_RECORD
from db.json_value import Json
from inference.ports import ToolSpec
from inference.tools.json_schema import without_references

#: Fields of a record that cannot be cleared, only replaced.
_KEPT = ("query", "intent", "priority")


class FindCrmRecords(BaseModel):
    """The arguments of ``find_crm_records``."""

    model_config = ConfigDict(extra="forbid")

    scenario: str | None = Field(None, description="Only records of this scenario.")
    limit: int = Field(5, ge=1, le=50, description="How many records at the most, newest first.")


def crm_tools(agent: AgentDefinition) -> tuple[ToolSpec, ...]:
    """The agent's CRM tools. Every call has an idempotency key, so all of them are repeatable."""
    limits = next((each for each in agent.tools if each.server == CRM_SERVER), None)
    scenarios = [each for each in agent.scenarios if each.files_records]
    specs = [_filing(agent, each) for each in scenarios]
    if scenarios:
        specs += [_FINDING, _updating(agent, scenarios)]
    if limits is None:
        return tuple(specs)
    return tuple(
        ToolSpec(
            each.name,
            each.description,
            each.parameters,
            repeatable=True,
            confirm=each.confirm or each.name in limits.confirm,
        )
        for each in specs
        if limits.allow is None or each.name in limits.allow
    )


_FINDING = ToolSpec(
    FIND_CRM_RECORDS,
    "Looks up the records that were filed for this customer, newest first.",
    without_references(FindCrmRecords.model_json_schema()),
    repeatable=True,
)


def _filing(agent: AgentDefinition, scenario: ScenarioDefinition) -> ToolSpec:
    return ToolSpec(
        scenario.name,
        f"Files a record in the CRM. {scenario.description} Give only what the customer said.",
        without_references(record_schema(agent, scenario)),
        repeatable=True,
        confirm=scenario.confirm,
    )


def _updating(agent: AgentDefinition, scenarios: Iterable[ScenarioDefinition]) -> ToolSpec:
    fields: dict[str, list[Json]] = {}
    for scenario in scenarios:
        for name, schema in record_schema(agent, scenario)["properties"].items():
            known = fields.setdefault(name, [])
            if schema not in known:
                known.append(schema)
    properties = {name: _changed(name, schemas) for name, schemas in fields.items()}
    names = {
        "reference": {"type": "string", "description": "The reference of the record, as the customer was told."},
        "id": {"type": "string", "description": "The id of the record, instead of its reference."},
    }
    return ToolSpec(
        UPDATE_CRM_RECORD,
        "Corrects a record that was filed for this customer: name it, and give only the fields to change, with what "
        "the customer said; null clears a field.",
        {"type": "object", "properties": {**properties, **names}, "additionalProperties": False},
        repeatable=True,
    )


def _changed(name: str, schemas: list[Json]) -> Mapping[str, Json]:
    """The schema of a field that may be given, and cleared with null if no record needs it."""
    plain = [
        {key: value for key, value in each.items() if key != "default"} for each in map(without_references, schemas)
    ]
    if len(plain) == 1 and (name in _KEPT or _takes_null(plain[0])):
        return plain[0]
    nothing = [] if name in _KEPT or any(map(_takes_null, plain)) else [{"type": "null"}]
    return {"anyOf": [*plain, *nothing]}


def _takes_null(schema: Mapping[str, Json]) -> bool:
    kinds = schema.get("type")
    inner = schema.get("anyOf")
    return (
        kinds == "null"
        or (isinstance(kinds, list) and "null" in kinds)
        or (isinstance(inner, list) and any(isinstance(each, Mapping) and _takes_null(each) for each in inner))
    )
