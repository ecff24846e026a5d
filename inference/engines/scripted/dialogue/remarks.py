"""Which wishes of an utterance count: beside a certain one, others may be remarks, reasons or asides."""

from __future__ import annotations

from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.doubts import asks_for, is_joined, joins_words
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.lexicon import WORD, fold
from inference.engines.scripted.understanding.clauses import SENTENCE_END
from inference.engines.scripted.values import Polarity, Reaction, Understanding, Wish
from inference.engines.scripted.wording.asked import Asks

#: Beside a wish of this score, a much weaker one is a remark, and one of a few words: "I am furious".
_CERTAIN = 0.8
_WEAKER = 0.8
_REMARK_WORDS = 3
#: A remark of this score may be what the customer calls for.
_SURE = 0.9
#: An action of this score is called for, whatever its words: "cancel my line".
_CERTAIN_ACTION = 0.95
#: Polarities of what a remark may be about.
_MATTERS = frozenset({Polarity.WANTED, Polarity.REMOTE})
_NO_ANSWERS = frozenset({Reaction.QUESTION, Reaction.CONDITION, Reaction.MIXED, Reaction.WAIT})


def certain_wishes(state: DialogueState, understood: Understanding) -> list[Wish]:
    """The wishes that count. Beside a certain one a weak one is a remark ("I am furious"), a question or a condition
    instead of a yes is about what is to be confirmed, and so is what else is said instead of it, unless it is certain:
    "no, I will call you".
    """
    wanted = [wish for wish in understood.wishes if wish.polarity is Polarity.WANTED]
    confirms = state.asks(Asks.CONFIRM)
    asks = confirms and (understood.question or understood.reaction in _NO_ANSWERS)
    return [
        wish
        for wish in understood.wishes
        if (wish.polarity is not Polarity.WANTED and not (confirms and _is_told_beside(state, wish)))
        or _is_answered(state, wish)
        or (
            wish.polarity is Polarity.WANTED
            and not _is_remark(state, understood, wish, wanted)
            and not _is_reason(state, understood, wish)
            and not is_background(state, understood, wish, same_sentence=True)
            and not _is_beside_value(state, understood, wish)
            and (not asks or _is_pending(state, wish) or (not understood.question and wish.requested))
            and (not confirms or wish.requested or wish.score >= _SURE or _is_pending(state, wish))
        )
    ]


def _is_remark(state: DialogueState, understood: Understanding, wish: Wish, wanted: list[Wish]) -> bool:
    """Whether a wish is much weaker than a certain one, or a few words beside one of another scenario that says more:
    "no card payments".
    """
    best = max(each.score for each in wanted)
    words = len(WORD.findall(wish.text)) - joins_words(understood.language, wish.text)
    short = words <= _REMARK_WORDS and not _calls_for(state, wish) and wish is not wanted[0]
    longer = short and any(
        each.score >= _CERTAIN
        and len(WORD.findall(each.text)) > words
        and _scenario_name(state, each) != _scenario_name(state, wish)
        and not _is_reason(state, understood, each)
        for each in wanted
    )
    if not (longer or (best > wish.score and best >= _CERTAIN)):
        return False
    if is_joined(understood, wish) and _follows_wish(understood, wish):
        return False
    return wish.score < _WEAKER * best or short


def _is_told_beside(state: DialogueState, wish: Wish) -> bool:
    """Whether something doubtful is only told beside a value that is put right: "the postcode is not right"."""
    told = wish.polarity in {Polarity.DOUBTFUL, Polarity.REMOTE} and not wish.requested
    return bool(state.turn.changed) and told


def _follows_wish(understood: Understanding, wish: Wish) -> bool:
    """Whether another wish stands right before the words of a wish: what "and" joins it to."""
    text, said = fold(understood.text), fold(wish.text)
    before = " ".join(WORD.findall(text[: max(text.find(said), 0)]))
    joined = before.rsplit(" ", 1)[0] if joins_words(understood.language, before.rpartition(" ")[2]) else before
    others = [" ".join(WORD.findall(fold(each.text))) for each in understood.wishes if each is not wish]
    return not before or any(each and (before.endswith(each) or joined.endswith(each)) for each in others)


def _scenario_name(state: DialogueState, wish: Wish) -> str | None:
    intent = state.agent.intent(wish.intent)
    return intent.scenario if intent else None


def _is_reason(state: DialogueState, understood: Understanding, wish: Wish) -> bool:
    """Whether a wish only says why another one is asked for, or how bad another matter is or was: "nobody came, I want
    my money back", "last winter it was down for days, that was awful".
    """
    intent = state.agent.intent(wish.intent)
    others = [other for other in understood.wishes if other.intent != wish.intent and other.polarity in _MATTERS]
    wanted = [other for other in others if other.polarity is Polarity.WANTED]
    if wish.score < _SURE and not wish.requested and any(each.requested and each.score > wish.score for each in wanted):
        return True
    if intent is None or not intent.remark or not others or asks_for(state, wish):
        return False
    joined = wish.score >= _SURE and is_joined(understood, wish) and _follows_wish(understood, wish)
    return not joined or any(each.requested for each in wanted)


def is_background(state: DialogueState, understood: Understanding, wish: Wish, *, same_sentence: bool) -> bool:
    """Whether a wish that is only told stands beside one of another scenario that is called for, and nothing joins
    them: "what I'm after is a paper bill, I can't read it on that telephone". ``same_sentence``: whether they have to
    stand in one sentence.
    """
    if wish.polarity is not Polarity.WANTED or _calls_for(state, wish) or _is_added(understood, wish):
        return False
    return any(
        _calls_for(state, each)
        and _scenario_name(state, each) not in {_scenario_name(state, wish), _handover_name(state)}
        and not _is_added(understood, each)
        and (not same_sentence or _in_one_sentence(understood.text, wish.text, each.text))
        for each in understood.wishes
        if each.polarity is Polarity.WANTED
    )


def _calls_for(state: DialogueState, wish: Wish) -> bool:
    """Whether something shall be done: the words ask for it, or it is a matter that is nothing but an action."""
    intent = state.agent.intent(wish.intent)
    scenario = state.agent.scenario(intent.scenario) if intent and intent.scenario else None
    acts = scenario is not None and scenario.confirm and wish.score >= _CERTAIN_ACTION
    return acts or (wish.requested and not wish.asks)


def _is_added(understood: Understanding, wish: Wish) -> bool:
    words, said = cues(understood.language), fold(wish.text)
    return is_joined(understood, wish) or bool(words.added.search(said) or words.another.search(said))


def _handover_name(state: DialogueState) -> str | None:
    return state.agent.handover.scenario if state.agent.handover else None


def _in_one_sentence(text: str, one: str, other: str) -> bool:
    """Whether no mark that ends a sentence stands between two clauses of a text."""
    places = sorted((max(text.find(each), 0), max(text.find(each), 0) + len(each)) for each in (one, other))
    return SENTENCE_END.search(text, places[0][1], max(places[0][1], places[1][0])) is None


def _is_beside_value(state: DialogueState, understood: Understanding, wish: Wish) -> bool:
    """Whether a wish is only told beside a value that is put right: "no, number 121, I mix up digits all the time"."""
    if wish.requested:
        return False
    if state.asks(Asks.CONFIRM) and understood.mentions and not _is_pending(state, wish):
        return not _is_added(understood, wish)
    return bool(state.turn.changed) and (state.asks(Asks.CONFIRM) or wish.score < _SURE)


def _is_answered(state: DialogueState, wish: Wish) -> bool:
    """Whether nothing is filed for a wish, but it is answered: "until when are you open?"."""
    intent = state.agent.intent(wish.intent)
    return intent is not None and intent.scenario is None and bool(intent.answer) and (wish.asks or wish.requested)


def _is_pending(state: DialogueState, wish: Wish) -> bool:
    return any(request.intent == wish.intent for request in state.pending)
