"""Changes of what was filed in this session: a correction, or what completes it; the tool's result is told."""

from __future__ import annotations

from inference.engines.scripted.dialogue.conditions import corrects
from inference.engines.scripted.dialogue.same_value import same_value
from inference.engines.scripted.dialogue.state import DialogueState, FiledRequest, Update
from inference.engines.scripted.mentions import read_as_format
from inference.engines.scripted.values import Polarity, Understanding
from inference.engines.scripted.wording.asked import IDENTITY


def note_updates(state: DialogueState, understood: Understanding, values: dict[str, str]) -> None:
    """Adds the updates that the values of an utterance ask for. Called after its wishes and values were stored."""
    for filed in state.filed:
        if not filed.reference:
            continue
        changes = {name: value for name, value in values.items() if _concerns(state, understood, filed, name, value)}
        if changes:
            corrects = any(filed.record.get(name) for name in changes)
            state.turn.updates.append(Update(filed, changes, corrects))


def note_priority(state: DialogueState, understood: Understanding) -> None:
    """Adds the update of the priority of what was filed last: "I should have said, it is an emergency"."""
    level, turn = understood.priority, state.turn
    if level is None or not state.filed or state.pending or turn.new or understood.question:
        return
    filed = turn.already_filed[-1] if turn.already_filed else state.filed[-1]
    others = [each for each in understood.wishes if each.polarity is Polarity.WANTED and each.intent != filed.intent]
    if others and not turn.already_filed:
        return
    if filed.reference and filed.record.get("priority") not in {None, level}:
        turn.updates.append(Update(filed, {"priority": level}, corrects=True))


def note_facts(state: DialogueState, understood: Understanding) -> None:
    """Adds what puts an amount or a day right to the words of what was filed last: "sorry, 150 euros"."""
    if not understood.facts or not understood.corrects or state.pending or not state.filed or state.turn.updates:
        return
    filed = state.filed[-1]
    wanted = any(each.polarity is Polarity.WANTED for each in understood.wishes)
    if wanted or understood.question or not filed.reference or not filed.record.get("query"):
        return
    query = f"{filed.record['query']} {' '.join(understood.facts)}"
    state.turn.updates.append(Update(filed, {"query": query[:2000]}, corrects=True))


def _concerns(state: DialogueState, understood: Understanding, filed: FiledRequest, name: str, value: str) -> bool:
    known = filed.record.get(name)
    if known and same_value(str(known), value):
        return False
    if name in IDENTITY:
        # A new matter may be another account's; only what was missing is added to the earlier ones.
        return not known or understood.corrects or not state.turn.new
    if name not in filed.scenario.fields:
        return False
    if (
        known
        and read_as_format(filed.scenario.fields[name]) == "text"
        and understood.question
        and not corrects(understood)
    ):
        return False  # "so it's going to be used in Japan, you've got that?"
    taken = any(name in request.scenario.fields for request in state.pending)
    newest = next(each for each in reversed(state.filed) if name in each.scenario.fields)
    return not taken and filed is newest
