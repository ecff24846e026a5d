"""Changes of what was filed in this session: a correction, or what completes it; the tool's result is told."""

from __future__ import annotations

from inference.engines.scripted.dialogue.slots import same_value
from inference.engines.scripted.dialogue.state import DialogueState, FiledRequest, Update
from inference.engines.scripted.values import Understanding
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


def _concerns(state: DialogueState, understood: Understanding, filed: FiledRequest, name: str, value: str) -> bool:
    known = filed.record.get(name)
    if known and same_value(str(known), value):
        return False
    if name in IDENTITY:
        # A new matter may be another account's; only what was missing is added to the earlier ones.
        return not known or understood.corrects or not state.turn.new
    if name not in filed.scenario.fields:
        return False
    taken = any(name in request.scenario.fields for request in state.pending)
    newest = next(each for each in reversed(state.filed) if name in each.scenario.fields)
    return not taken and filed is newest
