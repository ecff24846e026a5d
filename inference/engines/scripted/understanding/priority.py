"""The priority that a customer gives each matter: from the clauses about it, not from stray words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from inference.engines.scripted.understanding.cues import Cues
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.polarity import is_negative
from inference.engines.scripted.understanding.wishes import Judged
from inference.engines.scripted.values import Polarity, Wish

_ORDER = ("URGENT", "HIGH", "LOW")
#: What "it is not critical" says.
_PLAIN = "NORMAL"
#: Probability from which a clause is about another matter than the wishes.
_SURE = 0.35
#: Characters before and behind a word in which a negation may belong to it.
_BEFORE, _BEHIND = 24, 16
_PAUSE = re.compile(r"[,;:.!?…।،]")


def with_priorities(
    judged: Sequence[Judged], wishes: Sequence[Wish], cues: Cues
) -> tuple[tuple[Wish, ...], str | None]:
    """The wishes with the priority that their own words give them, and that which is said of all; None if none is said.

    A clause about another matter than the wishes is left out: "the bill isn't important" says nothing of an outage.
    """
    wanted = [wish for wish in wishes if wish.polarity is Polarity.WANTED]
    of_wish: dict[str, list[str]] = {wish.intent: [] for wish in wanted}
    of_all: list[str] = []
    for each in judged:
        level = _level(each.clause.text, cues)
        if level is None:
            continue
        own = [wish.intent for wish in wanted if each.clause.text in wish.text]
        other = not each.judgement.is_act and each.judgement.score >= _SURE and each.judgement.label not in of_wish
        if own and len(wanted) > 1:
            of_wish[own[0]].append(level)
        elif own or not (other and wanted):
            of_all.append(level)
    return tuple(replace(wish, priority=_resolved(of_wish.get(wish.intent, ()))) for wish in wishes), _resolved(of_all)


def without_rankings(wishes: tuple[Wish, ...], judged: Sequence[Judged], cues: Cues) -> tuple[Wish, ...]:
    """Beside another wish, a matter that is only said to be unimportant is none: "the bill isn't urgent, but ..."."""
    ranked = {
        each.clause.text
        for each in judged
        if not (each.tone.requests or each.tone.question) and _level(each.clause.text, cues) in {"LOW", _PLAIN}
    }
    for each in judged:  # "there's a bill open, that one isn't important, I'll pay it later"
        if each.tone.dismissed and (each.judgement.is_act or each.judgement.score < _SURE):
            told = [other.clause.text for other in judged if other.clause.sentence == each.clause.sentence]
            ranked |= {wish.text for wish in wishes if any(wish.text.startswith(text) for text in told)}
    if not any(wish.polarity is Polarity.WANTED and wish.text not in ranked for wish in wishes):
        return wishes
    return tuple(
        replace(wish, polarity=Polarity.REMOTE) if wish.text in ranked and not wish.requested else wish
        for wish in wishes
    )


def _resolved(levels: Iterable[str]) -> str | None:
    """The highest of the levels that are not taken back: "it's critical ... no, it is not critical"."""
    found: list[str] = []
    for level in levels:
        found = [level] if level == _PLAIN else [*found, level]
    return next((level for level in (*_ORDER, _PLAIN) if level in found), None)


def _level(text: str, cues: Cues) -> str | None:
    said = normalized(text).text
    if cues.priority["LOW"].search(said):
        return "LOW"
    said = cues.other_urgency.sub(" ", said)  # "I am in a hurry", "the letter said urgent"
    denied = False
    for level in ("URGENT", "HIGH"):
        for match in cues.priority[level].finditer(said):
            if not is_negative(_around(said, match), cues):
                return level
            denied = True
    return _PLAIN if denied else None


def _around(said: str, match: re.Match[str]) -> str:
    """The words around a match between two pauses: "es urgente, no tengo línea" does not deny that it is."""
    before = _PAUSE.split(said[max(0, match.start() - _BEFORE) : match.start()])[-1]
    behind = _PAUSE.split(said[match.end() : match.end() + _BEHIND])[0]
    return f"{before}{match.group()}{behind}"
