"""Silence of the caller: when the assistant asks whether they are still there, and when it gives up."""

from __future__ import annotations

from collections.abc import Callable

from inference.live.times import CallTimes


class SilenceWatch:
    """``now``: the call's clock, in seconds."""

    def __init__(self, times: CallTimes, now: Callable[[], float]) -> None:
        self._times = times
        self._now = now
        self._since = now()
        self._asked = False

    def update(self, *, caller: bool, assistant: bool) -> None:
        """Who speaks now, or is about to. Once the caller has spoken, the next silence is asked about anew."""
        if caller or assistant:
            self._since = self._now()
        if caller:
            self._asked = False

    def asked(self) -> None:
        """The assistant asks now."""
        self._since, self._asked = self._now(), True

    @property
    def asks(self) -> bool:
        """Whether the silence is long enough to ask."""
        limit = self._times.still_there
        return limit is not None and not self._asked and self._now() - self._since >= limit

    @property
    def gives_up(self) -> bool:
        """Whether the silence after the question is long enough to end the call."""
        return self._asked and self._now() - self._since >= self._times.give_up
