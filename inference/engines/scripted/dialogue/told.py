"""What an utterance is as the answer to a question for a value: words that only tell something are no other wish."""

from __future__ import annotations

from dataclasses import replace

from inference.engines.scripted.dialogue.known_values import format_of
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.values import Reaction, Understanding, Wish
from inference.engines.scripted.wording.asked import Asks

#: Below this score, a wish whose words ask for nothing may as well be the answer.
_LIKELY = 0.7
#: From this score on, "leave it" is meant so without a no.
_CERTAIN = 0.95


def as_answer(state: DialogueState, understood: Understanding) -> Understanding:
    """The utterance without what it hardly means, if a field was asked for: "it just does not close" to "what is wrong
    with it?" withdraws nothing, and "the front door" to "which door?" reports none.
    """
    asked = [question.field for question in state.open if question.asks is Asks.FIELD and question.field]
    if not asked:
        return understood
    acts = [each for each in understood.acts if each != "nevermind" or _is_left(understood)]
    answered = {each.field for each in understood.mentions}
    told = any(name in answered or format_of(state, name) is None for name in asked)
    wishes = [each for each in understood.wishes if not (told and _is_unlikely(each))]
    return replace(understood, acts=tuple(acts), wishes=tuple(wishes))


def _is_left(understood: Understanding) -> bool:
    """Whether "never mind" is meant: with a no, or beyond doubt."""
    return understood.reaction is not Reaction.NONE or dict(understood.scores).get("nevermind", 1.0) >= _CERTAIN


def _is_unlikely(wish: Wish) -> bool:
    return not wish.requested and wish.score < _LIKELY
