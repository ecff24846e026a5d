"""Filing of requests: when one is ready, the arguments of its tool, and what is said about the tool's result."""

from __future__ import annotations

from db.json_value import Json
from inference.engines.scripted.dialogue.asking import open_question
from inference.engines.scripted.dialogue.context import Context
from inference.engines.scripted.dialogue.limits import typed
from inference.engines.scripted.dialogue.state import FiledRequest, Outcome, PendingRequest
from inference.engines.scripted.wording.asked import IDENTITY
from inference.engines.scripted.wording.wording import Part


def is_ready(context: Context, request: PendingRequest) -> bool:
    """Whether a request can be filed: nothing is to be asked, and no tool refused it in this turn."""
    tried = any(outcome.request is request for outcome in context.state.turn.outcomes)
    if tried or not context.may_file(request.scenario):
        return False
    return not open_question(context, request)


def arguments(context: Context, request: PendingRequest) -> dict[str, Json]:
    """The arguments of the scenario's tool: only what was said and what the session knows."""
    scenario = request.scenario
    known = {name: context.state.identity.get(name) for name in IDENTITY}
    own: dict[str, Json] = {name: typed(value, scenario.fields.get(name)) for name, value in request.fields.items()}
    if scenario.tool is not None:
        wanted = {*scenario.ask_for, *scenario.one_of, *scenario.fields}
        return {**{name: value for name, value in known.items() if value and name in wanted}, **own}
    return {
        **{name: value for name, value in known.items() if value},
        "query": request.query,
        "intent": request.intent,
        "priority": request.priority or "NORMAL",
        **own,
    }


def report(context: Context) -> tuple[Part, ...]:
    """What is said about the filings of this turn."""
    outcomes = context.state.turn.outcomes
    parts: list[Part] = []
    for outcome in outcomes:
        if outcome.filed is None:
            parts += _failed(context, outcome)
        else:
            parts += _filed(context, outcome.filed, alone=len(outcomes) == 1)
    return tuple(parts)


def _filed(context: Context, filed: FiledRequest, *, alone: bool) -> list[Part]:
    """The reference and a field of the record, both from the tool's result."""
    record = {
        name: context.wording.spoken(name, str(value), filed.scenario)
        for name, value in filed.record.items()
        if isinstance(value, str | int | float)
    }
    external = filed.scenario.tool is not None
    key = "filed" if external or filed.reference else "filed_plain"
    parts = [Part(key, record, filed.scenario, otherwise="done" if external else None)]
    if external:
        return parts
    if context.is_handover(filed.scenario):
        return [*parts, reachable(filed)]
    slot = next((name for name in ("account_id", "phone", "name") if filed.record.get(name)), None)
    if slot is not None and alone:
        parts.append(Part(f"recorded.{slot}", {"value": record[slot]}))
    return parts


def reachable(filed: FiledRequest) -> Part:
    """Whether and how a person can reach the customer about a record."""
    if filed.record.get("phone"):
        return Part("reach_phone", {"value": str(filed.record["phone"])})
    return Part("reach_no_phone" if filed.record.get("name") or filed.record.get("account_id") else "reach_nothing")


def _failed(context: Context, outcome: Outcome) -> list[Part]:
    scenario = outcome.scenario
    if outcome.refused and outcome.request is not None and outcome.request in context.state.pending:
        field = context.wording.field_name(outcome.refused[0], scenario)
        return [Part("failed"), Part("failed_field", {"field": field}, scenario, asked=outcome.refused[0])]
    offer = context.handover is not None and not context.is_handover(scenario)
    first = Part("failed_unknown" if outcome.unknown else "failed")
    if outcome.unknown and not offer:
        return [first]
    return [first, Part("failed_offer" if offer else "failed_end")]
