"""Dialogue state tracking: replays the history. An utterance answers a question, corrects a value or adds wishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from db.agents.definition import AgentDefinition
from inference.engines.scripted.dialogue.asked_ahead import as_question
from inference.engines.scripted.dialogue.conditions import note_condition
from inference.engines.scripted.dialogue.confirming import drop, react
from inference.engines.scripted.dialogue.corrections import note_facts, note_priority, note_updates
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.known_values import replaced
from inference.engines.scripted.dialogue.limits import Unfit, unfit
from inference.engines.scripted.dialogue.pieces import note_incomplete, with_pieces
from inference.engines.scripted.dialogue.results import apply_tool_result, tool_of
from inference.engines.scripted.dialogue.slots import expectation, read_values, scenarios_about, store
from inference.engines.scripted.dialogue.state import (
    MAX_ASKED,
    MAX_UNFIT,
    DialogueState,
    PendingRequest,
    TurnState,
)
from inference.engines.scripted.dialogue.told import as_answer
from inference.engines.scripted.dialogue.wishes import apply_wishes
from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.values import Expectation, Polarity, Reaction, Understanding
from inference.engines.scripted.wording.asked import IDENTITY, Asks, Question
from inference.engines.scripted.wording.questions import question_index
from inference.ports import AssistantMessage, ChatRequest, CompletedToolCall, UserMessage

#: Words of a plain no.
_PLAIN_NO = 2
#: Answers to a confirmation with which nobody says goodbye.
_ENGAGES = frozenset({Reaction.YES, Reaction.CONDITION, Reaction.MIXED, Reaction.QUESTION})
#: Acts after which an open question was neither answered nor left: it is asked again as often as before.
_PAUSES = frozenset({"wait", "why", "repeat", "greeting"})


class Understands(Protocol):
    """What state tracking needs of understanding."""

    def understand(self, text: str, language: str, agent: AgentDefinition, expected: Expectation) -> Understanding: ...

    def similarity(self, one: str, other: str) -> float: ...


def state_from_history(request: ChatRequest, understander: Understands) -> DialogueState:
    """The dialogue state after ``request.history``."""
    agent = request.agent
    state = DialogueState(
        agent,
        request.language,
        identity={name: value for name, value in request.known.items() if name in IDENTITY and value},
    )
    offered = {tool.name for tool in request.tools}
    for item in request.history:
        match item:
            case UserMessage(text):
                # Requests that cannot be filed were answered in their own turn.
                state.pending = [each for each in state.pending if tool_of(each.scenario) in offered]
                understood = understander.understand(text, state.language, agent, expectation(state))
                update(state, understood, understander)
            case AssistantMessage(text):
                note_reply(state, text)
            case CompletedToolCall(name=name, arguments=arguments, result=result):
                apply_tool_result(state, name, arguments, result)
    return state


def note_reply(state: DialogueState, said: str) -> None:
    """Notes what the assistant's last reply asked."""
    state.said.append(said)
    asked = question_index(state.agent).asked(said)
    if asked is None:
        return  # it left the question before it open
    state.open = asked
    state.misunderstood = state.misunderstood + 1 if state.asks(Asks.REPHRASE) else 0


def update(state: DialogueState, understood: Understanding, understander: Understands) -> None:
    """Updates the state by one utterance of the customer."""
    understood = as_question(state, as_answer(state, understood))
    state.turn = turn = TurnState(understood)
    if not understood.words or understood.unsupported:
        return
    state.language = understood.language
    said = read_values(state, understood, understander.similarity)
    said = with_pieces(state, understood, expectation(state), said)
    values, turn.unfit = _fitting(state, understood, said)
    note_incomplete(state, turn.unfit)
    said_some = values or turn.piece
    declines = not said_some and (understood.declines or _refuses(state, understood)) and "why" not in understood.acts
    turn.understood = understood = replace(understood, declines=declines)
    if not state.asks(Asks.HANDOVER):
        state.offer_text = understood.text
    turn.values = values
    turn.changed = replaced(state, values)
    asked = state.pending[0] if state.pending else None
    react(state, understood, turn.changed | {each.name for each in turn.unfit})
    if asked is not None and asked.needs_yes and not state.asks(Asks.CONFIRM) and not values:
        note_condition(asked, understood.condition)
    _leave(state, understood, values)
    apply_wishes(state, understood, understander.similarity)
    _note_unanswered(state, understood, asked, values)
    store(state, values)
    note_updates(state, understood, values)
    note_priority(state, understood)
    note_facts(state, understood)
    for request in [each for each in state.pending if _lacks(each)]:
        drop(state, request)


def _fitting(
    state: DialogueState, understood: Understanding, values: dict[str, str]
) -> tuple[dict[str, str], list[Unfit]]:
    """The values that their fields can have, and the others."""
    about = scenarios_about(state, understood)
    having = {name: next((each for each in about if name in each.fields), None) for name in values}
    found = [unfit(scenario, name, values[name]) for name, scenario in having.items() if scenario is not None]
    wrong = [each for each in found if each is not None]
    names = {each.name for each in wrong}
    return {name: value for name, value in values.items() if name not in names}, wrong


def _lacks(request: PendingRequest) -> bool:
    """Whether a value is missing without which nothing can be filed, and that is not asked for any more."""
    fields = request.scenario.fields
    required = [name for name, field in fields.items() if field.required]
    if any(name in request.given_up and name not in request.fields for name in required):
        return True
    one_of = request.scenario.one_of
    return bool(one_of) and Asks.ONE_OF in request.given_up and not any(name in request.fields for name in one_of)


def _refuses(state: DialogueState, understood: Understanding) -> bool:
    """Whether the customer will not say what was asked: "I do not give out my number"."""
    if understood.wishes or understood.question or not any(question_key(each) for each in state.open):
        return False
    if understood.reaction is Reaction.NO and understood.words <= _PLAIN_NO and "goodbye" not in understood.acts:
        return not state.asks(Asks.CONFIRM)
    return cues(understood.language).refuses(fold(understood.text), names_it="nevermind" in understood.acts)


def _leave(state: DialogueState, understood: Understanding, values: Mapping[str, str]) -> None:
    """A "never mind" drops what is pending; a goodbye what still needs a yes, and the rest is filed as it is."""
    turn = state.turn
    engages = state.asks(Asks.CONFIRM) and understood.reaction in _ENGAGES
    # "no, a quarter past nine" may sound like a goodbye.
    turn.leaves = "goodbye" in understood.acts and not engages and not turn.changed
    declines = understood.declines and any(question_key(each) for each in state.open)
    answers = understood.reaction in _ENGAGES and (state.asks(Asks.CONFIRM) or understood.reaction is not Reaction.YES)
    said_else = values or turn.unfit or turn.piece or declines or turn.conditional or turn.partly or answers
    if understood.reaction is Reaction.WAIT and state.asks(Asks.CONFIRM):
        return  # "wait, don't do it yet"
    if "nevermind" in understood.acts and not said_else:
        turn.dropped += [each for each in state.pending if each not in turn.dropped]
        state.pending.clear()
    elif turn.leaves and not any(wish.polarity is Polarity.WANTED for wish in understood.wishes):
        left = understood.reaction is Reaction.NO
        unconfirmed = [each for each in state.pending if left or (each.needs_yes and not each.confirmed)]
        turn.dropped += unconfirmed
        state.pending = [each for each in state.pending if each not in unconfirmed]
        for request in state.pending:
            request.given_up |= {Asks.IDENTITY}


def _note_unanswered(
    state: DialogueState, understood: Understanding, asked: PendingRequest | None, values: Mapping[str, str]
) -> None:
    """Counts a question for a value that got no answer; a wait, a question or a greeting in between does not count."""
    turn = state.turn
    if "wait" in understood.acts or understood.reaction is Reaction.WAIT:
        turn.waits = True
        return
    if asked is None or asked not in state.pending:
        return
    pauses = bool(_PAUSES.intersection(understood.acts)) or understood.question
    paused = (pauses and not understood.declines and not values) or _tells_more(state, asked, values)
    paused = paused or (turn.piece is not None and not turn.piece_again)
    for question in state.open:
        key = question_key(question)
        if key is None or paused or _answered(question, asked, values):
            continue
        if turn.new and question.asks is not Asks.FIELD and not understood.declines:
            continue  # something new was asked for instead
        if understood.declines:
            asked.given_up.add(key)
        elif any(each.name == key for each in turn.unfit):
            asked.unfit[key] = asked.unfit.get(key, 0) + 1
            if asked.unfit[key] >= MAX_UNFIT:
                asked.given_up.add(key)
        else:
            asked.unanswered[key] = asked.unanswered.get(key, 0) + 1
            if asked.unanswered[key] >= MAX_ASKED:
                asked.given_up.add(key)
        if question.asks is Asks.IDENTITY and key in asked.given_up:
            state.identity_given_up = True


def _tells_more(state: DialogueState, asked: PendingRequest, values: Mapping[str, str]) -> bool:
    """Whether another value that the request asks for is told first, in place of the one that was asked for."""
    fields = asked.scenario.fields
    wanted = {*asked.scenario.ask_for, *(name for name, field in fields.items() if field.required)}
    told = [name for name in values if name in wanted and not (asked.fields.get(name) or state.identity.get(name))]
    return bool(told) and any(name in fields for name in wanted)


def question_key(question: Question) -> str | None:
    """The name under which answers to a question are counted; None for a question that asks for no value."""
    if question.asks is Asks.FIELD:
        return question.field
    return str(question.asks) if question.asks in {Asks.IDENTITY, Asks.ONE_OF} else None


def _answered(question: Question, asked: PendingRequest, values: Mapping[str, str]) -> bool:
    if question.asks is Asks.IDENTITY:
        return any(name in values for name in IDENTITY)
    if question.asks is Asks.ONE_OF:
        return any(name in values for name in asked.scenario.one_of)
    return question.field in values
