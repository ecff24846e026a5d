"""Heard ledger: how much of a reply its caller has heard, in milliseconds and as text.

A caller has heard what was reported and nothing else. Within a piece of audio the text is cut by characters, in
proportion to the time played, and rounded down to a whole word, so the ledger never claims more than was played.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from db.enums import PlaybackSource
from db.turns.live_values import Playback

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    ms: float


class HeardLedger:
    """The pieces of one reply in the order they were sent, and how far they were played.

    What was played only grows, until a truncate event says where the playback ended, or goes on from (``resumed``).
    """

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._source = PlaybackSource.NONE
        self._cut = False
        self.total_ms = 0.0
        self.heard_ms = 0.0

    @property
    def complete(self) -> bool:
        """Whether all that was sent was heard."""
        return self.heard_ms >= self.total_ms

    @property
    def reported(self) -> bool:
        """Whether anything is known of the playback."""
        return self._source is not PlaybackSource.NONE

    def sent(self, text: str, ms: float) -> None:
        """The next piece was sent: its text and its duration."""
        self._pieces.append(_Piece(text.strip(), ms))
        self.total_ms += ms

    def played(self, ms: float, source: PlaybackSource) -> bool:
        """A report: ``ms`` of the reply were played in all. Returns whether that changes what was heard.

        More than was sent counts as what was sent; less than an earlier report as nothing new. A truncate event is the
        last word: it replaces what a clock counted, also with less.
        """
        if not math.isfinite(ms) or ms < 0 or source is PlaybackSource.NONE:
            return False
        if source is PlaybackSource.TRUNCATE:
            self._cut = True
        elif self._cut:
            return False
        ms = min(ms, self.total_ms)
        if source is not PlaybackSource.TRUNCATE:
            ms = max(self.heard_ms, ms)
        changed = ms != self.heard_ms or not self.reported
        self._source, self.heard_ms = source, ms
        return changed

    def resumed(self) -> None:
        """The playback goes on from where it was stopped: later reports count again."""
        self._cut = False

    def heard_text(self) -> str:
        """The text of what was heard, in whole words."""
        heard: list[str] = []
        left = self.heard_ms
        for piece in self._pieces:
            if left < piece.ms:
                heard.append(_whole_words(piece.text, left / piece.ms))
                break
            heard.append(piece.text)
            left -= piece.ms
        return " ".join(each for each in heard if each)

    def playback(self, *, interrupted: bool) -> Playback:
        """The ledger's state as a value for the record."""
        return Playback(
            self.heard_text(), math.floor(self.heard_ms), math.ceil(self.total_ms), interrupted, self._source
        )


def _whole_words(text: str, share: float) -> str:
    """The whole words within the first ``share`` of the characters."""
    end = math.floor(len(text) * share)
    ends = [word.end() for word in _WORD.finditer(text) if word.end() <= end]
    return text[: ends[-1]] if ends else ""
