"""Speech over a reply: whether it takes the turn, or only shows that the caller listens.

The caller's side is told to hold the playback at once. Then the words decide, within half a second: a backchannel
("uh-huh") or a cough lets the reply go on, everything else takes the turn. Words that follow a backchannel may take it
later, and so may the final words.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum

from inference.live.announcement import Announcement
from inference.live.backchannels import is_backchannel
from inference.live.live_turn import LiveTurn
from inference.live.utterance import Recognized, Utterance


class Verdict(Enum):
    WAIT = "undecided"
    TAKES_TURN = "the caller takes the turn"
    GOES_ON = "the reply goes on"


def verdict(words: str, *, speaking: bool, waited: float, decide: float, listens: bool) -> Verdict:
    """What speech over a reply does to it, by what is known now.

    ``words``: the partial transcript of the speech. ``speaking``: whether the caller still speaks. ``waited``: seconds
    since they began; after ``decide`` there is an answer. ``listens``: whether the words are a backchannel.
    """
    if words.strip():
        if not listens:
            return Verdict.TAKES_TURN
        return Verdict.WAIT if speaking and waited < decide else Verdict.GOES_ON
    if waited < decide:
        return Verdict.WAIT
    return Verdict.TAKES_TURN if speaking else Verdict.GOES_ON


@dataclass(slots=True, eq=False)
class SpeechOver:
    """An utterance over a reply.

    ``since``: when it began, on the call's clock. ``answers``: the reply was nearly over, so that "yes" answers it.
    ``reopens``: whether it may be more of the turn that the reply answers. ``goes_on``: it was taken for a backchannel.
    ``settling``: its final words, once it has ended.
    """

    turn: LiveTurn | Announcement
    utterance: Utterance
    since: float
    answers: bool
    reopens: bool
    goes_on: bool = False
    settling: asyncio.Task[Recognized] | None = None

    def listens(self, words: str, language: str, backchannels: tuple[str, ...] | None) -> bool:
        """Whether the words are a backchannel. ``backchannels``: the call's own; None for the language's."""
        return not self.answers and is_backchannel(words, language, backchannels)
