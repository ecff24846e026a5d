"""Dialogue policy: chooses the next action, tool calls or a reply, from the dialogue state and the definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from db.agents.tool_names import FIND_CRM_RECORDS, SEARCH_KNOWLEDGE, UPDATE_CRM_RECORD
from db.json_value import Json
from inference.engines.scripted.dialogue import filing, updating
from inference.engines.scripted.dialogue.answers import abilities, answers, asks_something, needs_lookup
from inference.engines.scripted.dialogue.asked_ahead import asks_ahead_beside
from inference.engines.scripted.dialogue.asking import not_taken, open_question
from inference.engines.scripted.dialogue.context import Context
from inference.engines.scripted.dialogue.state import PendingRequest
from inference.engines.scripted.values import Polarity, Reaction, Understanding
from inference.engines.scripted.wording.asked import Asks
from inference.engines.scripted.wording.wording import Part

#: Most records that a status lookup over all sessions asks for.
_LOOKUP_LIMIT = 5
#: Most tool calls of one decision.
_MAX_CALLS = 4
#: Parts that ask something: no "anything else?" after them.
_ASKING = frozenset(
    {"failed_offer", "failed_end", "failed_field", "not_here_offer", "correction_offer", "withdraw_offer", "repeat"}
)
#: Honest answers to questions.
_CANNOT_TELL = frozenset({"cannot_tell", "cannot_tell_filed", "answer"})


@dataclass(frozen=True, slots=True)
class Decision:
    """Either ``calls`` of tools, as (name, arguments), or the ``parts`` of a reply. ``label``: its kind."""

    label: str
    parts: tuple[Part, ...] = ()
    calls: tuple[tuple[str, Mapping[str, Json]], ...] = ()


def decide(context: Context) -> Decision:
    """The next action of the turn."""
    turn = context.state.turn
    understood = turn.understood
    if understood is None or (not understood.words and not turn.outcomes):
        return Decision("no_speech", (Part("no_speech"),))
    if understood.unsupported:
        return Decision("language", (Part("unsupported", {"language": understood.unsupported}),))
    called = _calls(context)
    if called is not None:
        return called
    reports = (*filing.report(context), *updating.report(context), *not_taken(context))
    parts = (*reports, *_changes(context), *answers(context))
    if turn.waits and not (parts or turn.new or turn.values or turn.piece):
        return Decision("wait", (Part("wait"),))
    question = () if _asks_already(parts) else _question(context)
    if turn.leaves and not question:
        return Decision("talk", (*parts, Part("goodbye")))
    if question:
        beside = _beside(context, understood, parts)
        return Decision("ask", (*beside, *parts, *_lead(context, understood, bool(parts)), *question))
    if parts:
        parts = (*_beside(context, understood, parts), *parts)
        return Decision("report", parts if _asks_already(parts) else (*parts, Part("anything_else")))
    return _small_talk(context, understood)


def _beside(context: Context, understood: Understanding, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """What is said first of a question beside a new request that nothing else answers."""
    answered = any(part.key in _CANNOT_TELL for part in parts) or SEARCH_KNOWLEDGE in context.offered
    return (Part("cannot_tell"),) if not answered and asks_ahead_beside(context.state, understood) else ()


def _asks_already(parts: tuple[Part, ...]) -> bool:
    return any(part.key in _ASKING for part in parts)


# --- tools ------------------------------------------------------------------------------------------------


def _calls(context: Context) -> Decision | None:
    """The tool calls that are due: filings and changes first, then what answers a question."""
    ready = [request for request in context.state.pending if filing.is_ready(context, request)]
    filings = [(each.scenario.tool or each.scenario.name, filing.arguments(context, each)) for each in ready]
    changes = [(UPDATE_CRM_RECORD, updating.arguments(each)) for each in updating.due(context)]
    if filings or changes:
        return Decision("file" if filings else "update", calls=tuple([*filings, *changes][:_MAX_CALLS]))
    turn = context.state.turn
    if FIND_CRM_RECORDS in context.offered and needs_lookup(context):
        return Decision("look_up", calls=((FIND_CRM_RECORDS, {"limit": _LOOKUP_LIMIT}),))
    if SEARCH_KNOWLEDGE in context.offered and turn.found is None and turn.understood and asks_something(context):
        return Decision("search", calls=((SEARCH_KNOWLEDGE, {"query": turn.understood.text[:500]}),))
    return None


# --- reports ----------------------------------------------------------------------------------------------


def _changes(context: Context) -> tuple[Part, ...]:
    """What became of wishes in this turn: withdrawn, denied, filed before, or not to be filed here."""
    turn = context.state.turn
    parts = [Part("not_filed" if turn.leaves else "dropped", {}, each.scenario) for each in turn.dropped]
    key = "withdraw_offer" if context.handover else "withdraw_noted"
    parts += [Part(key, {"reference": each.reference}, each.scenario) for each in turn.withdrawn[:1]]
    if not parts and (turn.denied or turn.settled) and not turn.new and not turn.outcomes:
        parts.append(Part("denied" if turn.denied else "settled"))
    if not turn.updates:
        reported = [outcome.filed for outcome in turn.outcomes]
        again = [each for each in turn.already_filed if each not in reported and each.reference]
        parts += [Part("already_filed", {"reference": each.reference}, each.scenario) for each in again]
    if any(not context.may_file(each.scenario) for each in context.state.pending):
        parts += [Part("cannot_record"), Part("failed_end")]
    return tuple(parts)


# --- questions --------------------------------------------------------------------------------------------


def _asked_request(context: Context) -> PendingRequest | None:
    """The request whose question is asked next; the report of a refusal asks for its value itself."""
    waiting = [each for each in context.state.pending if context.may_file(each.scenario)]
    if any(outcome.request in waiting for outcome in context.state.turn.outcomes if outcome.request):
        return None
    return next((each for each in waiting if open_question(context, each)), None)


def _question(context: Context) -> tuple[Part, ...]:
    request = _asked_request(context)
    return open_question(context, request) if request is not None else ()


def _lead(context: Context, understood: Understanding, reported: bool) -> tuple[Part, ...]:
    """What is said before the question: about a new request, or why it is asked again."""
    state = context.state
    request = _asked_request(context)
    if request is None or reported:
        return ()
    if request in state.turn.new:
        return (Part("asked_offer" if request.offered else "lead", {}, request.scenario),)
    if state.turn.conditional or state.turn.partly:
        return ()
    if state.asks(Asks.CONFIRM):
        unclear = state.turn.hesitates or understood.reaction in {Reaction.NONE, Reaction.MIXED}
        said_something = state.turn.values or understood.wishes or understood.acts
        return (Part("not_clear"),) if unclear and not said_something else ()
    changed = {name: value for name, value in state.turn.values.items() if name in state.turn.changed}
    if changed:
        details = [context.wording.value(name, value, request.scenario) for name, value in changed.items()]
        return (Part("read_back", {"details": ", ".join(details)}),)
    return ()


# --- small talk -------------------------------------------------------------------------------------------


def _small_talk(context: Context, understood: Understanding) -> Decision:
    state = context.state
    acts = understood.acts
    name = state.identity.get("name")
    denies = understood.reaction is Reaction.NO and not understood.wishes
    if state.turn.refused_offer:
        return Decision("talk", (Part("how_help"),))
    if state.turn.values:
        return Decision("note", (Part("noted_name", {"name": name}) if name else Part("noted"),))
    if denies and (state.asks(Asks.MORE) or "thanks" in acts):
        return Decision("talk", (Part("goodbye"),))
    if "thanks" in acts:
        return Decision("talk", (Part("thanks"),))
    if "greeting" in acts:
        return Decision("greet", (Part("greeting_name", {"name": name}) if name else Part("greeting"),))
    if "out_of_scope" in acts:
        return Decision("decline", (Part("out_of_scope"), abilities(context)))
    if "inform" in acts:
        return Decision("note", (Part("noted_name", {"name": name}) if name else Part("noted"),))
    if "nevermind" in acts or understood.reaction in {Reaction.YES, Reaction.NO}:
        return Decision("talk", (Part("how_help"),))
    if any(wish.polarity is Polarity.DENIED for wish in understood.wishes):
        return Decision("talk", (Part("denied"),))
    return _not_understood(context)


def _not_understood(context: Context) -> Decision:
    limit = context.agent.handover.after_misunderstandings if context.agent.handover else 2
    if context.state.misunderstood + 1 < limit:
        return Decision("unsure", (Part("unsure"),))
    return Decision("unsure", (Part("unsure_offer" if context.handover else "unsure_again"),))
