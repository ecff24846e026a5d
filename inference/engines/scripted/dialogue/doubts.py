"""What makes a wish doubtful after something was filed: it may ask about, describe or sigh over what is on record."""

from __future__ import annotations

from db.agents.definition import ScenarioDefinition
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.lexicon import WORD, fold
from inference.engines.scripted.values import Understanding, Wish
from inference.engines.scripted.wording.asked import Asks

#: Most words of a sigh.
_SIGH_WORDS = 6
#: From this score on, a wish is a new matter.
_SURE = 0.9
#: Letters by which forms of a word are taken for the same.
_STEM = 5


def asks_for(state: DialogueState, wish: Wish) -> bool:
    """Whether the words ask for what is filed, or name it."""
    intent = state.agent.intent(wish.intent)
    scenario = state.agent.scenario(intent.scenario) if intent and intent.scenario else None
    titles = " ".join(text for texts in scenario.title.values() for text in texts) if scenario else ""
    named = {word[:_STEM] for word in WORD.findall(fold(titles)) if len(word) >= _STEM}
    return wish.requested or any(word[:_STEM] in named for word in WORD.findall(fold(wish.text)))


def asks_on(state: DialogueState, understood: Understanding, wish: Wish, scenario: ScenarioDefinition) -> bool:
    """Whether a question is about what is filed: "so I have the money tomorrow?", "you did not ask for a refund?".

    Of another scenario it is a new matter only if it is certain: "so can I cancel too?".
    """
    if asks_state(state, understood, wish):
        return True
    words, said = cues(understood.language), fold(understood.text)
    concludes = bool(state.filed) and understood.question and words.concludes.match(said) is not None
    if not any(each.scenario is scenario for each in state.filed):
        return concludes and wish.score < _SURE and not words.added.search(said)
    return concludes or (wish.asks and not _is_further(understood))


def asks_state(state: DialogueState, understood: Understanding, wish: Wish) -> bool:
    """Whether a message only asks, behind a filing, what has come of it by now: "is the line off already?"."""
    only = len(understood.wishes) == 1 and wish.asks and understood.asks_state
    return bool(state.filed) and only and not _is_further(understood)


def elaborates(state: DialogueState, understood: Understanding, wish: Wish, scenario: ScenarioDefinition) -> bool:
    """Whether a message that says again what is filed only describes it further: "no connection at all, not a page
    opens".
    """
    return may_elaborate(state, understood, wish, scenario) and any(
        each.scenario is scenario for each in state.turn.already_filed
    )


def may_elaborate(state: DialogueState, understood: Understanding, wish: Wish, scenario: ScenarioDefinition) -> bool:
    """Whether a wish may be what was filed under another intent of its scenario: it only tells what is the matter, and
    nothing says that it is a further one. Such a wish is asked about.
    """
    filed = any(each.scenario is scenario for each in state.filed)
    return filed and not wish.requested and not _is_further(understood)


def beside_answer(state: DialogueState, understood: Understanding, wish: Wish) -> bool:
    """Whether a wish is only told beside the value that was asked for: "4021, the old one stopped working in May"."""
    asks_value = any(each.asks in {Asks.IDENTITY, Asks.FIELD, Asks.ONE_OF} for each in state.open)
    if not asks_value or not state.turn.values or asks_for(state, wish):
        return False
    return not (is_joined(understood, wish) or _is_further(understood))


def is_joined(understood: Understanding, wish: Wish) -> bool:
    """Whether "and" or the like stands before the words of a wish, or at their beginning."""
    text, said = fold(understood.text), fold(wish.text)
    before = text[: max(text.find(said), 0)].split()[-1:]
    joins = cues(understood.language).joins
    return any(joins.match(word) for word in (*before, *said.split()[:1]))


def joins_words(language: str, text: str) -> int:
    """1 if a text begins with "and" or the like, else 0."""
    return int(cues(language).joins.match(fold(text)) is not None)


def _is_further(understood: Understanding) -> bool:
    """Whether a message is said to be about a further matter: "and", "also", "another"."""
    words, said = cues(understood.language), fold(understood.text)
    return bool(words.added.search(said) or words.another.search(said) or words.joins.match(said))


def may_be_a_sigh(state: DialogueState, understood: Understanding, wish: Wish) -> bool:
    """Whether a few words behind a filing only tell how the customer feels: "I am so tired of this"."""
    intent = state.agent.intent(wish.intent)
    short = len(WORD.findall(wish.text)) <= _SIGH_WORDS
    remark = intent is not None and intent.remark and short and not asks_for(state, wish)
    return bool(state.filed) and remark and not _is_further(understood)


def claims_to_repeat(state: DialogueState, understood: Understanding) -> bool:
    """Whether a wish that is not on record is said to have been said before: it is asked about."""
    return bool(state.filed) and cues(understood.language).said_before.search(fold(understood.text)) is not None
