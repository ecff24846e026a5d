"""Corrections of filed records: which updates are due, and what is said about their results."""

from __future__ import annotations

from db.json_value import Json
from inference.engines.scripted.dialogue.context import Context
from inference.engines.scripted.dialogue.filing import reachable
from inference.engines.scripted.dialogue.limits import typed
from inference.engines.scripted.dialogue.state import Update
from inference.engines.scripted.wording.wording import Part, field_definition


def due(context: Context) -> list[Update]:
    """The updates that no tool was called for yet."""
    return [each for each in context.state.turn.updates if each.done is None] if context.may_update else []


def arguments(update: Update) -> dict[str, Json]:
    """The arguments of the tool that changes a record."""
    changes: dict[str, Json] = {}
    for name, value in update.changes.items():
        changes[name] = typed(value, field_definition(update.filed.scenario, name))
    return {"reference": update.filed.reference, **changes}


def report(context: Context) -> tuple[Part, ...]:
    """What is said about the updates of this turn, from the tools' results."""
    parts: list[Part] = []
    for update in context.state.turn.updates:
        reference = {"reference": update.filed.reference}
        if update.done is None:
            if update.corrects:
                offer = context.handover is not None
                parts.append(Part("correction_offer" if offer else "correction_noted", reference))
        elif update.done:
            scenario = update.filed.scenario
            changes = [
                context.wording.value(name, str(update.filed.record.get(name) or value), scenario)
                for name, value in update.changes.items()
            ]
            values = {**reference, "changes": ", ".join(changes)}
            key = "updated" if update.corrects else "completed"
            parts.append(Part(key, values, scenario if update.corrects else None))
            if context.is_handover(scenario) and "phone" not in update.changes:
                parts.append(reachable(update.filed))
        else:
            parts.append(Part("update_unknown" if update.unknown else "update_failed", reference))
    return tuple(parts)
