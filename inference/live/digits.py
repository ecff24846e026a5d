"""DTMF digits: keys pressed on a phone, collected until # or a pause."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from inference.live.times import CallTimes

#: Digits of one turn; more begin another.
_MOST = 64
_END = "#"


class DigitKeys:
    """``now``: the call's clock, in seconds."""

    def __init__(self, times: CallTimes, now: Callable[[], float]) -> None:
        self._times = times
        self._now = now
        self._ended: deque[str] = deque()
        self._pressed = ""
        self._at = 0.0

    @property
    def pending(self) -> bool:
        """Whether digits wait for their end, or to be taken."""
        return bool(self._pressed or self._ended)

    def press(self, keys: str) -> None:
        """The next keys, one or several of ``0123456789*#ABCD``; others are ignored."""
        for key in keys.upper():
            if key in "0123456789*ABCD":
                self._pressed += key
            if key == _END or len(self._pressed) == _MOST:
                self._end()
        self._at = self._now()

    def take(self, *, final: bool = False) -> str:
        """The digits of the next turn, once # was pressed or the pause is over, or if no more come; else "" ."""
        if final or self._now() - self._at >= self._times.digits_pause:
            self._end()
        return self._ended.popleft() if self._ended else ""

    def _end(self) -> None:
        if self._pressed:
            self._ended.append(self._pressed)
            self._pressed = ""
