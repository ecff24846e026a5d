"""DTMF digits: keys pressed on a phone, collected until # or a pause."""

from __future__ import annotations

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
        self._pressed = ""
        self._ended = False
        self._at = 0.0

    @property
    def pending(self) -> bool:
        """Whether digits wait for their end."""
        return bool(self._pressed)

    def press(self, keys: str) -> None:
        """The next keys, one or several of ``0123456789*#ABCD``; others are ignored."""
        for key in keys.upper():
            if key == _END:
                self._ended = True
            elif key in "0123456789*ABCD":
                self._pressed += key
        self._ended = self._ended or len(self._pressed) >= _MOST
        self._at = self._now()

    def take(self, *, final: bool = False) -> str:
        """The digits, once # was pressed or the pause is over, or if no more come; else "" ."""
        if not (self._ended or final) and (not self._pressed or self._now() - self._at < self._times.digits_pause):
            return ""
        digits, self._pressed, self._ended = self._pressed[:_MOST], "", False
        return digits
