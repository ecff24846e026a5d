"""Results of tools in the dialogue state: what was filed, refused, changed or found."""

from __future__ import annotations

from collections.abc import Mapping

from db.agents.definition import ScenarioDefinition
from db.agents.tool_names import FIND_CRM_RECORDS, SEARCH_KNOWLEDGE, UPDATE_CRM_RECORD
from db.json_value import Json
from inference.engines.scripted.dialogue.state import MAX_REFUSALS, DialogueState, FiledRequest, Outcome
from inference.engines.scripted.wording.asked import IDENTITY


def tool_of(scenario: ScenarioDefinition) -> str:
    """The name of the tool that takes up a scenario's requests."""
    return scenario.tool or scenario.name


def apply_tool_result(
    state: DialogueState, name: str, arguments: Mapping[str, Json], result: Mapping[str, Json]
) -> None:
    """Records a finished tool call."""
    scenario = next((each for each in state.agent.scenarios if name == tool_of(each)), None)
    if name == FIND_CRM_RECORDS:
        state.turn.lookup = result
    elif name == SEARCH_KNOWLEDGE:
        state.turn.found = result
    elif name == UPDATE_CRM_RECORD:
        _updated(state, arguments, result)
    elif scenario is not None:
        _filed(state, scenario, arguments, result)


def _updated(state: DialogueState, arguments: Mapping[str, Json], result: Mapping[str, Json]) -> None:
    due = [each for each in state.turn.updates if each.done is None]
    update = next((each for each in due if each.filed.reference == arguments.get("reference")), None)
    if update is None:
        return
    update.done = bool(result.get("ok"))
    update.unknown = result.get("outcome") == "unknown"
    record = result.get("record")
    if update.done and isinstance(record, Mapping):
        update.filed.record = dict(record)


def _filed(
    state: DialogueState, scenario: ScenarioDefinition, arguments: Mapping[str, Json], result: Mapping[str, Json]
) -> None:
    same = [each for each in state.pending if each.scenario.name == scenario.name]
    request = next((each for each in same if each.intent == arguments.get("intent")), same[0] if same else None)
    if result.get("ok"):
        record = result.get("record", result)
        kept = dict(record) if isinstance(record, Mapping) else {}
        intent = str(arguments.get("intent") or (request.intent if request else ""))
        query = str(arguments.get("query") or (request.query if request else ""))
        filed = FiledRequest(scenario, intent, query, kept, dict(request.fields) if request else {})
        state.filed.append(filed)
        if request is not None:
            state.pending.remove(request)
        state.turn.outcomes.append(Outcome(scenario, filed))
        return
    refused = _refused(scenario, result)
    unknown = result.get("outcome") == "unknown"
    state.turn.outcomes.append(Outcome(scenario, None, refused, request, unknown))
    if request is None:
        return
    request.refusals += 1
    for name in refused:
        request.fields.pop(name, None)
        state.identity.pop(name, None)
    if not refused or request.refusals >= MAX_REFUSALS:
        state.pending.remove(request)


def _refused(scenario: ScenarioDefinition, result: Mapping[str, Json]) -> tuple[str, ...]:
    """The fields that a tool's errors name; empty if it failed for another reason."""
    errors = result.get("errors")
    named = [str(each.get("loc", "")) for each in errors if isinstance(each, Mapping)] if errors else []
    fields = {*IDENTITY, *scenario.fields}
    return tuple(dict.fromkeys(name for loc in named if (name := loc.rsplit(".", 1)[-1]) in fields))
