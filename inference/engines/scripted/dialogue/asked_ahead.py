"""Questions of what is to come or of rules: no record tells it, so that its state is no answer to them."""

from __future__ import annotations

import re
from dataclasses import replace

from db.agents.definition import ScenarioDefinition
from inference.engines.scripted.dialogue.cues import AskedCues, cues
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.values import Reaction, Understanding, Wish
from inference.engines.scripted.wording.asked import Asks

_PARTS = re.compile(r"[,.;:!?…¿¡।؟\n]+")
_SENTENCES = re.compile(r"[^.!?।؟\n]+[.!?।؟]?")
#: Acts that a question of what is to come only looks like.
_LOOKALIKES = frozenset({"status", "greeting", "wait"})
#: From this score on, what a question names is a matter of its own.
_SURE = 0.9


def asks_ahead(text: str, language: str) -> bool:
    """Whether a text asks what is to come, when, for how long or at what price, or what has to be done: "will they be
    here today?". Whether it will be filed is none of these, nor is a reference.
    """
    return any(_is_ahead(part, language) for part in _PARTS.split(normalized(text).text))


def asks_ahead_beside(state: DialogueState, understood: Understanding) -> bool:
    """Whether a sentence of its own asks so beside a new wish: "it does not turn on. When will it be fixed?"."""
    sentences = [each.strip(" ¿") for each in _SENTENCES.findall(normalized(understood.text).text) if each.strip()]
    if not (state.turn.new or state.turn.outcomes) or len(sentences) < 2:
        return False
    wishes = " ".join(normalized(wish.text).text for wish in understood.wishes)
    asked = [each.rstrip("?؟ ") for each in sentences if each.endswith(("?", "؟"))]
    return any(each not in wishes and _is_ahead(_PARTS.split(each)[-1], understood.language) for each in asked)


def _is_ahead(part: str, language: str) -> bool:
    words = cues(language).asked
    said = words.openings.sub("", part.strip(), count=1)
    found = words.ahead.search(said) is not None
    return found and not words.filed.search(said) and not words.reference.search(said)


def as_question(state: DialogueState, understood: Understanding) -> Understanding:
    """The utterance without the acts that its question only looks like, behind a filing or instead of a yes."""
    confirms = state.asks(Asks.CONFIRM)
    if not (confirms or state.filed) or not (understood.question or understood.reaction is Reaction.QUESTION):
        return understood
    words, said = cues(understood.language).asked, normalized(understood.text).text
    no_acts = {"repeat"} if state.filed and words.content.search(said) else set()  # "what did you tell them?"
    if asks_ahead(understood.text, understood.language):
        no_acts |= _LOOKALIKES if words.on_record.search(said) else _LOOKALIKES | {"recall"}
    if confirms:
        no_acts.add("out_of_scope")
        if not words.why.search(said):
            no_acts.add("why")
    return replace(understood, acts=tuple(each for each in understood.acts if each not in no_acts))


def only_asks(state: DialogueState, understood: Understanding, wish: Wish, scenario: ScenarioDefinition) -> bool:
    """Whether what seems a wish only asks, behind a filing, what comes of it ("is somebody coming tomorrow?") or what
    was noted ("which day did you write down?").
    """
    words, said = cues(understood.language), fold(understood.text)
    if not state.filed or not wish.asks or words.added.search(said) or words.another.search(said):
        return False
    if any(each.scenario is scenario for each in state.filed) and _asks_noted(wish.text, words.asked):
        return True
    intent = state.agent.intent(wish.intent)
    handover = state.agent.handover is not None and state.agent.handover.scenario == scenario.name
    likely = handover or wish.score < _SURE or (intent is not None and intent.remark)
    return likely and asks_ahead(wish.text, understood.language)


def _asks_noted(text: str, words: AskedCues) -> bool:
    said = normalized(text).text
    return words.content.search(said) is not None or bool(words.which.search(said) and words.filed.search(said))
