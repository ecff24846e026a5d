"""The answer to a confirmation or an offer: only a clear yes files; no, wait, a question or a condition does not."""

from __future__ import annotations

from inference.engines.scripted.dialogue.conditions import add_condition, corrects, said_condition, says_again
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.partly import partly
from inference.engines.scripted.dialogue.state import DialogueState, PendingRequest
from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.values import Polarity, Reaction, Understanding
from inference.engines.scripted.wording.asked import Asks


def to_confirm(state: DialogueState) -> PendingRequest | None:
    """The request that the last reply asked a yes for."""
    if not state.asks(Asks.CONFIRM):
        return None
    return next((item for item in state.pending if item.needs_yes and not item.confirmed), None)


def react(state: DialogueState, understood: Understanding, changed: set[str]) -> None:
    """Updates the state by the answer. ``changed``: fields whose known value the utterance replaces."""
    request = to_confirm(state)
    if request is not None:
        _confirm(state, request, understood, changed)
    elif state.asks(Asks.HANDOVER):
        _answer_offer(state, understood)


def _confirm(state: DialogueState, request: PendingRequest, understood: Understanding, changed: set[str]) -> None:
    turn = state.turn
    if not changed & set(request.fields) and _takes_some(state, request, understood):
        request.hesitated = False
        return
    condition = said_condition(understood, request.condition)
    repeats = condition is not None and request.condition is not None and says_again(condition, request.condition)
    if condition and request.condition and not repeats and corrects(understood):
        request.condition = None  # "scratch that, end of April"
        add_condition(request, condition)
        turn.conditional = True
    elif _withdraws(state, request, understood, changed):
        drop(state, request)
    elif condition and not repeats and understood.reaction in {Reaction.YES, Reaction.CONDITION, Reaction.NONE}:
        add_condition(request, condition)
        turn.conditional = True
    elif changed & {*request.fields, *state.identity}:
        return  # corrected: read back again
    elif understood.reaction is Reaction.YES or (understood.reaction is Reaction.CONDITION and repeats):
        _take_yes(state, request, understood)
    elif understood.reaction is Reaction.NO and not _declines_value(state, understood):
        if _wanted_again(request, understood) or _puts_right(understood):
            turn.hesitates = True  # "no, I want to ..." of the same scenario, "no, the other": it may be a correction
        else:
            drop(state, request)
    elif understood.reaction is Reaction.WAIT or "wait" in understood.acts:
        turn.waits = True
    elif request.offered and not _answered_otherwise(understood):
        state.pending.remove(request)
    elif understood.reaction in {Reaction.MIXED, Reaction.CONDITION}:
        turn.hesitates = True
    request.hesitated = turn.hesitates or turn.waits


def _takes_some(state: DialogueState, request: PendingRequest, understood: Understanding) -> bool:
    """Leaves out the values that are refused while others are not; the rest is read back, or filed
    if a yes was said and each value spoken of. True too where it is not clear whether a yes is for all of them.
    """
    said = partly(request, understood)
    refused = said.refused - set(state.turn.values)
    for name in refused:
        del request.fields[name]
        if not request.scenario.fields[name].required:
            request.given_up.add(name)
    state.turn.partly = bool(refused)
    if refused and said.settled and understood.reaction is Reaction.YES:
        _take_yes(state, request, understood)
    unclear = said.unclear and understood.reaction is Reaction.YES
    state.turn.hesitates = state.turn.hesitates or (unclear and not refused)
    return bool(refused) or unclear


def _take_yes(state: DialogueState, request: PendingRequest, understood: Understanding) -> None:
    """Confirms a request, unless the yes is meant for another matter or is hardly one after an answer in doubt."""
    if _is_of_another(state, understood) or (request.hesitated and is_murmur(understood)):
        state.turn.hesitates = True
    else:
        request.confirmed = True
        request.doubtful = False


def _is_of_another(state: DialogueState, understood: Understanding) -> bool:
    """Whether a yes speaks on about what is filed already: "yes, it is completely dead"."""
    wishes = [wish for wish in understood.wishes if wish.polarity is Polarity.WANTED]
    intents = [state.agent.intent(wish.intent) for wish in wishes]
    filed = {each.scenario.name for each in state.filed}
    return bool(intents) and all(intent is not None and intent.scenario in filed for intent in intents)


def is_murmur(understood: Understanding) -> bool:
    """Whether an answer is no more than a sound: "mhm"."""
    return cues(understood.language).murmurs.fullmatch(fold(understood.text).strip(" .,!?…।")) is not None


def _declines_value(state: DialogueState, understood: Understanding) -> bool:
    """Whether a "no" may be meant for a value that was asked for together with the yes."""
    return understood.declines and any(each.asks in {Asks.IDENTITY, Asks.FIELD, Asks.ONE_OF} for each in state.open)


def _withdraws(state: DialogueState, request: PendingRequest, understood: Understanding, changed: set[str]) -> bool:
    """Whether the wish itself is denied, or all of it left."""
    own = [wish for wish in understood.wishes if wish.intent == request.intent]
    if changed & set(request.fields):
        return False  # a value is denied, not the wish: "not the Gold plan, the Silver one"
    if any(wish.polarity in {Polarity.DENIED, Polarity.SETTLED} for wish in own):
        return not any(wish.polarity is Polarity.WANTED for wish in own)
    if _declines_value(state, understood) or changed or understood.mentions:
        return False
    return "nevermind" in understood.acts and understood.reaction in {Reaction.NONE, Reaction.NO, Reaction.QUESTION}


def _puts_right(understood: Understanding) -> bool:
    """Whether a "no" comes with a value, or with words that point at another one: "no, the other"."""
    if understood.mentions:
        return "nevermind" not in understood.acts or "inform" in understood.acts
    if understood.acts or understood.wishes:
        return False
    return understood.corrects or cues(understood.language).another.search(fold(understood.text)) is not None


def _wanted_again(request: PendingRequest, understood: Understanding) -> bool:
    return any(wish.intent == request.intent and wish.polarity is Polarity.WANTED for wish in understood.wishes)


def _answered_otherwise(understood: Understanding) -> bool:
    """Whether the utterance leaves an offer open: a question about it or a doubtful answer."""
    return understood.question or understood.reaction in {Reaction.MIXED, Reaction.CONDITION, Reaction.QUESTION}


def drop(state: DialogueState, request: PendingRequest) -> None:
    """Withdraws a request that is not filed."""
    state.pending.remove(request)
    state.turn.dropped.append(request)


def _answer_offer(state: DialogueState, understood: Understanding) -> None:
    """The answer to the offer of a person: a yes asks for one, with the words that led to the offer."""
    handover = state.agent.handover
    scenario = state.agent.scenario(handover.scenario) if handover else None
    if scenario is None:
        return
    if understood.reaction is Reaction.YES:
        intents = state.agent.intents_of(scenario.name)
        if all(item.scenario.name != scenario.name for item in state.pending):
            text = state.offer_text or understood.text
            request = PendingRequest(scenario, intents[0] if intents else scenario.name, [text])
            request.priority = understood.priority
            state.pending.append(request)
            state.turn.new.append(request)
    elif understood.reaction is Reaction.NO and not understood.wishes:
        state.turn.refused_offer = True
