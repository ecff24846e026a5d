"""Answers to what the customer asks: status, what they said, why, questions of the agent's knowledge, and small talk.

Every question gets an answer, or an honest "I cannot tell you that".
"""

from __future__ import annotations

from collections.abc import Mapping

from db.json_value import Json
from inference.engines.scripted.dialogue.context import Context
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.filing import reachable
from inference.engines.scripted.dialogue.known_values import known_values
from inference.engines.scripted.dialogue.on_record import asked_on_record, reference, status
from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.values import Polarity, Reaction, Understanding
from inference.engines.scripted.wording.asked import IDENTITY, Asks
from inference.engines.scripted.wording.wording import Part

#: Acts that are answers or questions of the dialogue itself.
_ANSWERED_ACTS = frozenset({"status", "recall", "abilities", "why", "repeat", "out_of_scope", "greeting", "wait"})
_OTHER_QUESTIONS = frozenset({"status", "recall", "abilities", "why"})
#: Characters of a passage of knowledge that are spoken.
_MAX_PASSAGE = 600


def answers(context: Context) -> tuple[Part, ...]:
    """The answers to what was asked in this turn; empty if nothing was."""
    turn = context.state.turn
    understood = turn.understood
    if understood is None:
        return ()
    parts: list[Part] = []
    if turn.elsewhere:
        parts.append(Part("not_here_offer" if context.handover else "not_here"))
    for name in turn.answers:
        parts += _own_answer(context, name)
    if wants_repeat(context) and not parts:
        return (Part("repeat", {"text": context.state.said[-1]}),)
    if "why" in understood.acts and context.state.asks(Asks.CONFIRM):
        parts.append(Part("why_confirm"))
    if turn.lookup is not None:
        parts += _looked_up(context, turn.lookup)
    elif not turn.outcomes and (on_record := asked_on_record(context, understood)):
        parts += on_record
    elif "status" in understood.acts and not turn.outcomes:
        parts += [*status(context), *_reach(context)]
    elif "recall" in understood.acts:
        parts += _recall(context, understood)
    elif "abilities" in understood.acts and not parts:
        parts.append(abilities(context))
    elif turn.found is not None:
        parts.append(_passage(context, turn.found))
    elif not parts and (asks_something(context) or _asks_about_filed(context, understood)):
        parts += [_cannot_tell(context), *_reach(context)]
    return tuple(parts)


def _reach(context: Context) -> list[Part]:
    """How a person will reach the customer, where that was filed last: what can be said of "will somebody call me?"."""
    newest = context.state.filed[-1] if context.state.filed else None
    return [reachable(newest)] if newest is not None and context.is_handover(newest.scenario) else []


def wants_repeat(context: Context) -> bool:
    """Whether the customer did not catch the last reply, and said nothing else."""
    turn = context.state.turn
    understood = turn.understood
    if understood is None or "repeat" not in understood.acts or not context.state.said:
        return False
    said_else = (
        understood.wishes or turn.values or understood.corrects or understood.declines or turn.dropped or turn.updates
    )
    asked_else = _OTHER_QUESTIONS.intersection(understood.acts)
    return not said_else and not asked_else and understood.reaction in {Reaction.NONE, Reaction.QUESTION, Reaction.WAIT}


def asks_something(context: Context) -> bool:
    """Whether a question was asked that is no wish to file and that no act of the dialogue answers."""
    turn = context.state.turn
    understood = turn.understood
    if understood is None or turn.answers or turn.outcomes or _ANSWERED_ACTS.intersection(understood.acts):
        return False
    if turn.already_filed or turn.new or turn.elsewhere:
        return False
    asked = any(wish.polarity is Polarity.ASKED for wish in understood.wishes)
    return understood.question or understood.reaction is Reaction.QUESTION or asked


def _asks_about_filed(context: Context, understood: Understanding) -> bool:
    """Whether a question off the agent's subject was asked after filing: "when will it be mended?"."""
    return bool(context.state.filed) and understood.question and "out_of_scope" in understood.acts


def _own_answer(context: Context, name: str) -> list[Part]:
    intent = context.agent.intent(name)
    texts = intent.answer.get(context.wording.language) if intent else None
    return [Part("answer", {"text": texts[0]})] if texts else [Part("cannot_tell")]


def _cannot_tell(context: Context) -> Part:
    if not context.state.filed:
        return Part("cannot_tell")
    newest = context.state.filed[-1]
    return Part("cannot_tell_filed" if newest.reference else "cannot_tell", reference(newest), newest.scenario)


def abilities(context: Context) -> Part:
    """What the agent can do: in its own words, or the titles of what it may file."""
    titles = [context.wording.title(each) for each in context.agent.scenarios if context.may_file(each)]
    return Part("abilities", {"titles": ", ".join(titles)})


def needs_lookup(context: Context) -> bool:
    """Whether the customer asks for a request of an earlier session."""
    state = context.state
    understood = state.turn.understood
    if understood is None or "status" not in understood.acts or state.turn.lookup is not None:
        return False
    return not (state.turn.outcomes or state.filed or state.pending or state.turn.dropped)


def _looked_up(context: Context, result: Mapping[str, Json]) -> list[Part]:
    records = result.get("records")
    if not result.get("ok") or not isinstance(records, list | tuple):
        return [Part("status_failed")]
    newest = next((each for each in records if isinstance(each, Mapping) and each.get("reference")), None)
    if newest is None:
        return [Part("status_nothing")]
    scenario = context.agent.scenario(str(newest.get("scenario")))
    status_word = context.wording.status(newest.get("status"))
    if scenario is None or status_word is None:
        return [Part("status_failed")]
    return [Part("status_found", {"reference": str(newest["reference"]), "status": status_word}, scenario)]


def _recall(context: Context, understood: Understanding) -> list[Part]:
    """What the customer said of themselves: what they ask for, or all of it."""
    text = fold(understood.text)
    named = [name for name, words in cues(context.wording.language).recall.items() if words.search(text)]
    known = known_values(context.state)
    wanted = named or [name for name in IDENTITY if known.get(name)] or ["name"]
    values = [context.wording.value(name, known[name]) for name in wanted if known.get(name)]
    if values:
        return [Part("recall", {"values": ", ".join(values)})]
    return [Part("unknown", {"field": context.wording.field_name(wanted[0])})]


def _passage(context: Context, result: Mapping[str, Json]) -> Part:
    """The passage of the agent's knowledge that fits best; an honest answer if there is none."""
    passages = result.get("passages")
    best = passages[0] if result.get("ok") and isinstance(passages, list | tuple) and passages else None
    text = str(best.get("text") or "").strip() if isinstance(best, Mapping) else ""
    return Part("answer", {"text": text[:_MAX_PASSAGE]}) if text else _cannot_tell(context)
