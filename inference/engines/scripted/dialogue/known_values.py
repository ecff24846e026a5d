"""What is known in a dialogue: the values of identity, pending requests and filed records, and their formats."""

from __future__ import annotations

from db.agents.definition import FieldDefinition, ScenarioDefinition
from inference.engines.scripted.dialogue.same_value import same_value
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.mentions import Known, read_as_format
from inference.engines.scripted.wording.asked import IDENTITY_FORMATS


def field_of(state: DialogueState, name: str) -> FieldDefinition | None:
    """An own field of what is pending, or of any scenario of the agent."""
    scenarios = [*(each.scenario for each in state.pending), *state.agent.scenarios]
    return next((each.fields[name] for each in scenarios if name in each.fields), None)


def format_of(state: DialogueState, name: str) -> str | None:
    """The format of a field of any scenario of the agent."""
    if name in IDENTITY_FORMATS:
        return IDENTITY_FORMATS[name]
    scenarios = [*(each.scenario for each in state.pending), *state.agent.scenarios]
    return next((taken_as(each, name) for each in scenarios if name in each.fields), None)


def taken_as(scenario: ScenarioDefinition, name: str) -> str | None:
    """The format that an own field is read as; None for a text, whose answer is taken verbatim."""
    read_as = read_as_format(scenario.fields[name])
    return None if read_as == "text" else read_as


def own_texts(state: DialogueState) -> dict[str, str]:
    """The known texts, names and addresses of what the customer speaks about: pending, or else filed last. A remark in
    words of their own is not put right by a word.
    """
    known: dict[str, str] = {}
    about = state.pending[0].scenario if state.pending else state.filed[-1].scenario if state.filed else None
    if state.pending:
        known |= state.pending[0].fields
    elif state.filed:
        filed = state.filed[-1]
        known |= {name: str(filed.record[name]) for name in filed.scenario.fields if filed.record.get(name)}
    remarks = {name for name in about.fields if about.is_remark(name)} if about else set()
    known |= {name: value for name, value in state.identity.items() if name not in known}
    texts = {None, "postal_address", "person_name"}
    return {name: value for name, value in known.items() if name not in remarks and format_of(state, name) in texts}


def known_in_order(state: DialogueState) -> list[Known]:
    """The values that are known and their formats, what was said last first."""
    known = known_values(state)
    names = [name for name in dict.fromkeys((*state.last_said, *known)) if known.get(name)]
    return [Known(name, known[name], form) for name in names if (form := format_of(state, name))]


def known_values(state: DialogueState) -> dict[str, str]:
    """Field -> value of all that is known, the own fields of requests first."""
    known: dict[str, str] = {}
    for request in state.pending:
        known |= request.fields
    for filed in reversed(state.filed):
        known |= {
            name: str(filed.record[name])
            for name in filed.scenario.fields
            if name not in known and filed.record.get(name)
        }
    return known | {name: value for name, value in state.identity.items() if name not in known}


def replaced(state: DialogueState, values: dict[str, str]) -> set[str]:
    """The fields whose known value is another."""
    known = known_values(state)
    return {name for name, value in values.items() if known.get(name) and not same_value(known[name], value)}
