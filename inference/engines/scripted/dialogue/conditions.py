"""Conditions of a request: when or under which condition it shall be done, in the customer's words."""

from __future__ import annotations

from inference.engines.scripted.dialogue.same_value import same_value
from inference.engines.scripted.dialogue.state import PendingRequest
from inference.engines.scripted.lexicon import WORD, fold
from inference.engines.scripted.mentions import day_words, names_day
from inference.engines.scripted.values import Reaction, Understanding


def said_condition(understood: Understanding, known: str | None) -> str | None:
    """The condition in an utterance; a bare date counts as one where a date is known or put right: "make it the 3rd of
    May".
    """
    dates = [each for each in understood.mentions if each.format == "date" and not each.retracted]
    if understood.condition or not known or not dates or not (_has_date(known) or corrects(understood)):
        return understood.condition
    return understood.text[dates[-1].start : dates[-1].end]


def _has_date(condition: str) -> bool:
    return any(ch.isdigit() for ch in condition) or names_day(condition)


def corrects(understood: Understanding) -> bool:
    """Whether what is said takes the place of what was said before."""
    return understood.corrects or understood.reaction is Reaction.NO or "nevermind" in understood.acts


def note_condition(request: PendingRequest, condition: str | None) -> None:
    """Puts the condition of a wish into its request."""
    if condition and not (request.condition and says_again(condition, request.condition)):
        add_condition(request, condition)


def add_condition(request: PendingRequest, condition: str) -> None:
    """Adds a condition; another date takes the place of the first."""
    known = request.condition
    more = known and not (_has_date(known) and _has_date(condition))
    request.condition = f"{known}; {condition}" if more else condition
    name = request.scenario.condition_field
    if name is not None:
        request.fields[name] = request.condition[:200]


def says_again(condition: str, known: str) -> bool:
    """Whether a condition says no more than the known one: most of its longer words are in it."""
    said = {word for word in WORD.findall(fold(condition)) if len(word) > 2 or word.isdigit()}
    before = set(WORD.findall(fold(known)))
    if any(word.isdigit() or word in day_words() for word in said - before):
        return False  # another month or day
    return same_value(condition, known) or (bool(said) and len(said & before) * 2 >= len(said))
