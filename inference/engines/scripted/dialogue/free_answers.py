"""Answers to the question for a field in which no value was recognized: a text, yes or no, a choice in other words."""

from __future__ import annotations

import re

from db.agents.definition import FieldDefinition
from inference.engines.scripted.dialogue.cues import Cues, cues
from inference.engines.scripted.dialogue.known_values import field_of
from inference.engines.scripted.dialogue.repeated import Similarity
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.lexicon import WORD, fold
from inference.engines.scripted.mentions import choices_of, is_plain_answer, without_name
from inference.engines.scripted.values import Expectation, Polarity, Reaction, Understanding
from inference.engines.scripted.wording.asked import Asks

#: Most words of an answer that is taken verbatim.
_MAX_WORDS = 40
#: Marks at the ends of an answer that is taken verbatim, and between its clauses.
_BARE = re.compile(r"^[\s,;:]+|[\s.,;:!।]+$")
_CLAUSE_END = re.compile(r"[,;.!?।]\s+")
_NO_ANSWER = frozenset({"wait", "why", "repeat", "nevermind", "goodbye", "status", "recall", "abilities"})
#: How alike an answer and the words for a choice are, and by how much more than those for the others; the more alike,
#: the less it need be ahead.
_LIKENESS = ((0.43, 0.09), (0.6, 0.05))
#: Most words of a plain yes or no.
_PLAIN = 3


def free_answer(
    state: DialogueState, understood: Understanding, expected: Expectation, values: dict[str, str], similar: Similarity
) -> dict[str, str]:
    """The value of the asked field; empty if the utterance is no answer. ``values``: those that were recognized."""
    asked = [each.field for each in state.open if each.asks is Asks.FIELD and each.field in expected.fields]
    if not asked or asked[0] is None:
        return {}
    name, form = asked[0], expected.formats[expected.fields.index(asked[0])]
    field = field_of(state, name)
    if name in values or field is None or understood.question or _NO_ANSWER.intersection(understood.acts):
        return {}
    if form == "enum":
        value = _yes_or_no(field, understood) or _in_other_words(field, understood, values, similar)
        return {name: value} if value else {}
    if form is not None or understood.declines or _asks_for_another(state, understood):
        return {}
    text = _text(state, understood, name, values)
    return {name: text[:200]} if text else {}


def _asks_for_another(state: DialogueState, understood: Understanding) -> bool:
    """Whether the utterance wants something, but for telling more of what is asked about."""
    own = state.pending[0].scenario.name if state.pending else None
    for wish in understood.wishes:
        intent = state.agent.intent(wish.intent)
        told = intent is not None and intent.scenario == own and wish.polarity is Polarity.WANTED
        if not told or wish.requested:
            return True
    return False


# --- texts ------------------------------------------------------------------------------------------------


def _text(state: DialogueState, understood: Understanding, name: str, values: dict[str, str]) -> str | None:
    """The answer without the words around it; beside values of other fields, the clause before them."""
    if not 0 < understood.words <= _MAX_WORDS:
        return None
    text = understood.text
    others = [each for each in understood.mentions if each.field in values and not each.retracted]
    if values:
        if not others or others[0].start == 0:
            return None
        ends = [match.start() for match in _CLAUSE_END.finditer(text, 0, others[0].start)]
        if not ends or not any(ch.isupper() or ch.isdigit() for ch in text[1 : ends[0]]):
            return None
        text = text[: ends[0]]
    bare = _without_around(without_name(text, state.agent, understood.language, name), cues(understood.language))
    answers = understood.reaction in {Reaction.YES, Reaction.NO} and len(WORD.findall(bare)) <= _PLAIN
    if answers and (is_plain_answer(fold(bare)) or not any(ch.isupper() or ch.isdigit() for ch in bare)):
        return None
    return bare or None


def _without_around(text: str, words: Cues) -> str:
    """The answer without courtesies and "it is" at its ends; as it is if nothing else is said."""
    bare = _BARE.sub("", text)
    while True:
        before = bare
        for pattern, at_end in ((words.openings, False), (words.closings, True)):
            matches = [
                each for each in pattern.finditer(bare) if (each.end() == len(bare) if at_end else not each.start())
            ]
            if matches:
                bare = _BARE.sub("", bare[: matches[-1].start()] if at_end else bare[matches[0].end() :])
        if bare == before:
            return bare


# --- choices ----------------------------------------------------------------------------------------------


def _yes_or_no(field: FieldDefinition, understood: Understanding) -> str | None:
    """The choice that a yes or no is: of a field that is yes or no, or has a choice that is called so."""
    if understood.reaction not in {Reaction.YES, Reaction.NO}:
        return None
    yes = understood.reaction is Reaction.YES
    choices = choices_of(field)
    if choices == ("true", "false"):
        return "true" if yes else "false"
    named = {"yes": "yes", "true": "yes", "no": "no", "false": "no", "none": "no"}
    return next((each for each in choices if named.get(fold(each)) == ("yes" if yes else "no")), None)


def _in_other_words(
    field: FieldDefinition, understood: Understanding, values: dict[str, str], similar: Similarity
) -> str | None:
    """The choice whose words are the most like the answer, if it is clear: "the ones for snow"."""
    if values or understood.declines or not 0 < understood.words <= _MAX_WORDS or _says_what_not(understood):
        return None
    said = understood.text
    scores: dict[str, float] = {}
    for value in choices_of(field):
        texts = [text for lines in field.values.get(value, {}).values() for text in lines]
        scores[value] = max((similar(said, text) for text in (value.replace("_", " "), *texts)), default=0.0)
    ranked = sorted(scores, key=lambda each: -scores[each])
    if len(ranked) < 2:
        return None
    first, second = ranked[:2]
    ahead = scores[first] - scores[second]
    return first if any(scores[first] >= least and ahead >= by for least, by in _LIKENESS) else None


def _says_what_not(understood: Understanding) -> bool:
    """Whether the answer denies or refuses something: likeness does not tell that."""
    return understood.reaction is not Reaction.NONE
