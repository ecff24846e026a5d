"""Which wishes of an utterance count: beside a certain one, others may be remarks, reasons or asides."""

from __future__ import annotations

from inference.engines.scripted.dialogue.doubts import asks_for, is_joined, joins_words
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.lexicon import WORD, fold
from inference.engines.scripted.values import Polarity, Reaction, Understanding, Wish
from inference.engines.scripted.wording.asked import Asks

#: Beside a wish of this score, a much weaker one is a remark, and one of a few words: "I am furious".
_CERTAIN = 0.8
_WEAKER = 0.8
_REMARK_WORDS = 3
#: A remark of this score may be what the customer calls for.
_SURE = 0.9
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
        or (
            wish.polarity is Polarity.WANTED
            and not _is_remark(state, understood, wish, wanted)
            and not _is_reason(state, wish, wanted)
            and not (state.turn.changed and (confirms or wish.score < _SURE) and not wish.requested)
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
    short = words <= _REMARK_WORDS and not wish.requested
    longer = short and any(
        each.score >= _CERTAIN
        and len(WORD.findall(each.text)) > words
        and _scenario_name(state, each) != _scenario_name(state, wish)
        for each in wanted
    )
    if not (longer or (best > wish.score and best >= _CERTAIN)):
        return False
    if is_joined(understood, wish) and _follows_wish(understood, wish):
        return False
    return wish.score < _WEAKER * best or words <= _REMARK_WORDS


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


def _is_reason(state: DialogueState, wish: Wish, wanted: list[Wish]) -> bool:
    """Whether a wish only says why another one is asked for: "nobody came, I want my money back"."""
    intent = state.agent.intent(wish.intent)
    others = [other for other in wanted if other.intent != wish.intent]
    if wish.score < _SURE and not wish.requested and any(each.requested and each.score > wish.score for each in others):
        return True
    if intent is None or not intent.remark or asks_for(state, wish):
        return False
    return any(each.requested or wish.score < _SURE for each in others)


def _is_pending(state: DialogueState, wish: Wish) -> bool:
    return any(request.intent == wish.intent for request in state.pending)
