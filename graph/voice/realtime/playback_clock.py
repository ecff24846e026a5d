"""What a client can have played, by the clock: the OpenAI Realtime protocol has no acknowledgements.

A client plays in real time what it was sent, from when it arrives; never more than was sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

#: Between sending and playing, in seconds: network and buffers. The estimate stays behind a client that is faster.
_START_DELAY = 0.1

#: The longest step of the clock. While a reply plays it is looked at many times a second; a longer gap means that this
#: process was stopped or overloaded, and whether the client played meanwhile is not known: it counts as not heard.
_LONGEST_STEP = 0.5


@dataclass(slots=True)
class _Entry:
    reply_id: UUID
    sent_ms: float
    played_ms: float


class PlaybackClock:
    """The replies that a client has not played to the end, in the order in which it plays them.

    Positions are milliseconds of a reply. ``now``: seconds, monotonic.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._entries: list[_Entry] = []
        self._since = 0.0
        self._frozen = False

    @property
    def ahead_ms(self) -> float:
        """Audio that was sent and not played."""
        return sum(each.sent_ms - each.played_ms for each in self._entries)

    def positions(self) -> Iterator[tuple[UUID, float]]:
        """Each reply's position now."""
        self._advance()
        return iter([(each.reply_id, each.played_ms) for each in self._entries])

    def sent(self, reply_id: UUID, to_ms: float) -> None:
        """The reply's audio was sent up to ``to_ms``."""
        self._advance()
        if self.ahead_ms == 0:
            self._since = self._now() + _START_DELAY
        entry = self._entry(reply_id)
        if entry is None:
            self._entries.append(_Entry(reply_id, to_ms, 0.0))
        else:
            entry.sent_ms = max(entry.sent_ms, to_ms)

    def cut(self, reply_id: UUID, ms: float) -> None:
        """The client dropped the reply's audio from ``ms`` on, which is where it was."""
        self._advance()
        entry = self._entry(reply_id)
        if entry is None:
            self._entries.insert(0, _Entry(reply_id, ms, ms))
        else:
            entry.sent_ms = entry.played_ms = ms

    def forget(self, reply_id: UUID) -> None:
        """The reply is played to the end, or was cleared."""
        self._advance()
        self._entries = [each for each in self._entries if each.reply_id != reply_id]

    def freeze(self) -> None:
        """The client is told that the caller speaks, and stops playing."""
        self._advance()
        self._frozen = True

    def thaw(self) -> None:
        self._advance()
        self._frozen = False

    def _entry(self, reply_id: UUID) -> _Entry | None:
        return next((each for each in self._entries if each.reply_id == reply_id), None)

    def _advance(self) -> None:
        now = self._now()
        passed_ms = 0.0 if self._frozen else min(max(0.0, now - self._since), _LONGEST_STEP) * 1e3
        self._since = max(self._since, now)
        for each in self._entries:
            step = min(passed_ms, each.sent_ms - each.played_ms)
            each.played_ms += step
            passed_ms -= step
