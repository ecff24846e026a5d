"""What a customer wants: new requests, repeated and denied ones, and those that are only asked about or considered."""

from __future__ import annotations

from db.agents.definition import ScenarioDefinition
from inference.engines.scripted.dialogue.asked_ahead import only_asks
from inference.engines.scripted.dialogue.conditions import note_condition
from inference.engines.scripted.dialogue.confirming import drop, to_confirm
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.doubts import (
    asks_on,
    asks_state,
    beside_answer,
    claims_to_repeat,
    elaborates,
    may_be_a_sigh,
    may_elaborate,
)
from inference.engines.scripted.dialogue.remarks import certain_wishes, is_background
from inference.engines.scripted.dialogue.repeated import Similarity, filed_before
from inference.engines.scripted.dialogue.state import DialogueState, FiledRequest, PendingRequest
from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.values import Polarity, Reaction, Understanding, Wish

#: Below this score, a wish whose words ask for nothing is asked about.
_LIKELY = 0.7
#: Beside another wish, a person is called for only in words that ask, or from this score on.
_CERTAIN = 0.9
_ANSWERS = frozenset({Reaction.YES, Reaction.CONDITION, Reaction.MIXED})


def apply_wishes(state: DialogueState, understood: Understanding, similar: Similarity) -> None:
    """Updates the requests by the wishes of an utterance. Called after the answer to a confirmation was taken."""
    wishes = certain_wishes(state, understood)
    _replace(state, understood, wishes)
    # What is only told beside a request is asked about after it.
    for wish in sorted(wishes, key=lambda wish: is_background(state, understood, wish, same_sentence=False)):
        intent = state.agent.intent(wish.intent)
        scenario = state.agent.scenario(intent.scenario) if intent and intent.scenario else None
        if intent is None:
            continue
        if scenario is None:
            _answer_only(state, wish, bool(intent.answer))
        elif only_asks(state, understood, wish, scenario):
            continue
        elif wish.polarity in {Polarity.DENIED, Polarity.SETTLED}:
            _deny(state, wish, scenario)
        elif wish.polarity in {Polarity.ASKED, Polarity.REMOTE}:
            _ask_about(state, understood, wish, scenario)
        else:
            _want(state, understood, wish, scenario, similar)
    if wishes:
        _rank(state, understood)
    _note_facts(state, understood)


def _note_facts(state: DialogueState, understood: Understanding) -> None:
    """Adds what is told of the only matter that it can be about to its words."""
    about = state.turn.new or state.pending
    if len(about) == 1 and not about[0].needs_yes and not about[0].offered:
        known = " ".join(about[0].texts)
        about[0].texts += [text for text in understood.facts if text not in known]


def _rank(state: DialogueState, understood: Understanding) -> None:
    """Gives the requests that the utterance speaks of their priority."""
    own = {wish.intent: wish.priority for wish in understood.wishes}
    for request in state.turn.new or state.pending[:1]:
        request.priority = own.get(request.intent) or understood.priority or request.priority


def _replace(state: DialogueState, understood: Understanding, wishes: list[Wish]) -> None:
    """ "Instead" puts a new wish in the place of what is pending."""
    wanted = {wish.intent for wish in wishes if wish.polarity is Polarity.WANTED}
    replaced = [request for request in state.pending if request.intent not in wanted and not request.confirmed]
    if wanted and replaced and cues(understood.language).instead.search(fold(understood.text)):
        for request in replaced:
            drop(state, request)


def _answer_only(state: DialogueState, wish: Wish, has_answer: bool) -> None:
    if not has_answer:
        if wish.polarity is Polarity.ASKED and to_confirm(state) is not None:
            return  # "and what becomes of my ...?" instead of a yes asks about what is to be filed
        denied = wish.polarity in {Polarity.DENIED, Polarity.SETTLED}
        state.turn.elsewhere = state.turn.elsewhere or not denied
    elif wish.polarity is not Polarity.DENIED and wish.intent not in state.turn.answers:
        state.turn.answers.append(wish.intent)


def _deny(state: DialogueState, wish: Wish, scenario: ScenarioDefinition) -> None:
    """A denied or settled wish withdraws the pending one. What is filed cannot be taken back here."""
    turn = state.turn
    if any(request.intent == wish.intent for request in (*turn.new, *turn.dropped)):
        return
    pending = [request for request in state.pending if request.scenario.name == scenario.name]
    same = [request for request in pending if request.intent == wish.intent] or pending
    if turn.partly or any(turn.changed & set(request.fields) for request in same):
        return  # a value is denied, not the wish
    filed = _filed(state, scenario, wish.intent)
    if filed is not None and not same and not turn.values.keys().isdisjoint(scenario.fields):
        return
    for request in same:
        drop(state, request)
    if same:
        return
    if filed is not None:
        turn.withdrawn.append(filed)
    elif wish.polarity is Polarity.DENIED:
        turn.denied = True
    else:
        turn.settled = True


def _filed(state: DialogueState, scenario: ScenarioDefinition, intent: str) -> FiledRequest | None:
    return next(
        (each for each in reversed(state.filed) if each.scenario.name == scenario.name and each.intent == intent), None
    )


def _ask_about(state: DialogueState, understood: Understanding, wish: Wish, scenario: ScenarioDefinition) -> None:
    """A wish that is only asked about or told of others files nothing; it is offered if nothing of it is pending or
    filed.
    """
    requests = [each.scenario for each in (*state.pending, *state.turn.dropped)]
    known = [*requests, *(each.scenario for each in state.filed)]
    settled = {"status", "recall"}.intersection(understood.acts) or asks_state(state, understood, wish)
    if settled or scenario in known:
        return
    if not state.pending and len(understood.wishes) == 1:
        offered = PendingRequest(scenario, wish.intent, [wish.text], doubtful=True, offered=True)
        state.pending.append(offered)
        state.turn.new.append(offered)


def _want(
    state: DialogueState, understood: Understanding, wish: Wish, scenario: ScenarioDefinition, similar: Similarity
) -> None:
    turn = state.turn
    answered = to_confirm(state)
    if answered is None and understood.reaction in _ANSWERS:
        # The yes that confirmed a request often repeats it: "yes, cancel it".
        confirmed = next((item for item in state.pending if item.confirmed and item.scenario is scenario), None)
        if confirmed is not None:
            return
    if any(dropped.intent == wish.intent for dropped in turn.dropped):
        return
    doubtful = wish.polarity is Polarity.DOUBTFUL
    same = _pending(state, understood, wish, scenario)
    if same is not None:
        if same in turn.new and wish.score > same.score:
            same.intent, same.score = wish.intent, wish.score
        _join(same, wish, doubtful, similar, answers=same is answered)
        return
    before = filed_before(wish, understood.language, state.filed, scenario.name, similar)
    if before is not None and scenario.tool is None:
        if before not in turn.already_filed:
            turn.already_filed.append(before)
        return
    if before is None and (asks_on(state, understood, wish, scenario) or elaborates(state, understood, wish, scenario)):
        return
    unlikely = not wish.requested and wish.score < _LIKELY
    hint = unlikely or (not wish.requested and wish.score < _CERTAIN and len(understood.wishes) > 1)
    # "You can reach me on ..." is a value of what is filed or pending.
    hint = hint or (not wish.requested and "phone" in turn.values and bool(state.filed or state.pending))
    if hint and state.agent.handover is not None and state.agent.handover.scenario == scenario.name:
        return  # nobody hints at a person: "my manager says that ...", "I'm a nurse and my son needs an appointment"
    doubtful = doubtful or unlikely or beside_answer(state, understood, wish)
    doubtful = doubtful or claims_to_repeat(state, understood) or may_elaborate(state, understood, wish, scenario)
    doubtful = doubtful or may_be_a_sigh(state, understood, wish)
    doubtful = doubtful or is_background(state, understood, wish, same_sentence=False)
    request = PendingRequest(
        scenario, wish.intent, [wish.text], wish.score, doubtful=doubtful, requested=wish.requested
    )
    if before is not None:  # what an external tool told may be asked again, of what was said before
        request.fields |= {name: value for name, value in before.fields.items() if name in scenario.fields}
    note_condition(request, wish.condition)
    state.pending.append(request)
    turn.new.append(request)


def _pending(
    state: DialogueState, understood: Understanding, wish: Wish, scenario: ScenarioDefinition
) -> PendingRequest | None:
    """The pending request that a wish belongs to. Another intent in the same message is another matter if it is added
    ("and I also ...").
    """
    for request in state.pending:
        if request.scenario.name != scenario.name:
            continue
        added = _is_added(understood, request, wish)
        if request.intent == wish.intent or scenario.confirm or not added:
            return request
    return None


def _is_added(understood: Understanding, request: PendingRequest, wish: Wish) -> bool:
    """Whether a wish is a further one of its scenario: "also", "and I want"."""
    words, said = cues(understood.language), fold(wish.text)
    return bool(words.added.search(said)) or (request.requested and wish.requested and bool(words.joins.match(said)))


def _join(request: PendingRequest, wish: Wish, doubtful: bool, similar: Similarity, *, answers: bool) -> None:
    """Joins a wish to its pending request: what it adds in words, in certainty and as a condition."""
    if not doubtful:
        if request.offered or request.doubtful:
            request.intent = wish.intent
        request.doubtful = request.offered = False
    note_condition(request, wish.condition)
    known = " ".join(request.texts)
    if not answers and fold(wish.text) not in fold(known) and similar(wish.text, known) < _ADDS_NOTHING:
        request.texts.append(wish.text)


#: From this similarity on, a text adds nothing to what was said.
_ADDS_NOTHING = 0.8
