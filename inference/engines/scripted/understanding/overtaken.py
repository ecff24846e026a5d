"""Wishes that what is said behind them stands against, and statements that only look like questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inference.engines.scripted.understanding.cues import Cues
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.wishes import Judged, is_certain_act
from inference.engines.scripted.values import Polarity, Wish


def overtaken(wishes: tuple[Wish, ...], judged: Sequence[Judged], cues: Cues) -> tuple[Wish, ...]:
    """A wish of before is in doubt if what follows stands against it: "I wanted to leave, but my son ..."."""
    against: dict[str, str] = {}
    for at, each in enumerate(judged):
        said = normalized(each.clause.text).text
        before = cues.intended.search(said)
        following = judged[at + 1].clause.text if at + 1 < len(judged) else ""
        if before is None:
            continue
        if cues.adversatives.search(said, before.end()):
            against[each.clause.text] = each.clause.text
        elif cues.adversatives.match(normalized(following).text):
            against[each.clause.text] = following

    def polarity(wish: Wish) -> Polarity:
        later = next((later for first, later in against.items() if wish.text.startswith(first)), None)
        if wish.polarity not in {Polarity.WANTED, Polarity.DOUBTFUL} or later is None:
            return wish.polarity
        behind = [each for each in wishes if each is not wish and each.polarity is Polarity.WANTED]
        if any(later in each.text or cues.instead.search(normalized(each.text).text) for each in behind):
            instead = any(cues.instead.search(normalized(each.text).text) for each in behind)
            return Polarity.REMOTE if instead else wish.polarity  # "I wanted to leave, but rather give me ..."
        return Polarity.DOUBTFUL

    return tuple(replace(wish, polarity=polarity(wish)) for wish in wishes)


def stated(judged: Judged) -> Judged:
    """Without a question mark, "has sorted itself out" asks nothing, although it may begin as a question does."""
    takes_back = is_certain_act(judged) and judged.judgement.label == "nevermind"
    if not (takes_back and judged.tone.question and not judged.clause.asked):
        return judged
    return replace(judged, tone=replace(judged.tone, question=False, inquires=False, asks_if_done=False))
