"""The priority that a customer gives their matter: from the clauses about it, not from stray words."""

from __future__ import annotations

from collections.abc import Sequence

from inference.engines.scripted.understanding.cues import Cues
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.polarity import is_negative
from inference.engines.scripted.understanding.wishes import Judged
from inference.engines.scripted.values import Polarity, Wish

_ORDER = ("URGENT", "HIGH", "LOW")


def priority_of(judged: Sequence[Judged], wishes: Sequence[Wish], cues: Cues) -> str | None:
    """LOW, HIGH or URGENT; None if nothing is said about it. A clause about another matter than the wish's is left out:
    "the bill isn't important" says nothing of an outage.
    """
    wanted = {wish.intent for wish in wishes if wish.polarity is Polarity.WANTED}
    found = []
    for each in judged:
        level = _level(each.clause.text, cues)
        about = each.judgement
        other = not about.is_act and about.score >= _SURE and about.label not in wanted
        if level is not None and not (other and wanted):
            found.append(level)
    return next((level for level in _ORDER if level in found), None)


_SURE = 0.35


def _level(text: str, cues: Cues) -> str | None:
    said = normalized(text).text
    if cues.priority["LOW"].search(said):
        return "LOW"
    said = cues.other_urgency.sub(" ", said)  # "I am in a hurry", "the letter said urgent"
    for level in ("URGENT", "HIGH"):
        for match in cues.priority[level].finditer(said):
            around = said[max(0, match.start() - 24) : match.end() + 16]
            if not is_negative(around, cues):
                return level
    return None
