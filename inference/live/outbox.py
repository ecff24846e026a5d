"""The way to the caller: events of several tasks in one order, and a connection that may be lost and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from inference.live.ports import CallerGone, CallerSpeaker, ToCaller


class Outbox:
    """Sends to the caller's connection. Never raises: a turn goes on without its caller. ``on_lost``: called once."""

    def __init__(self, speaker: CallerSpeaker, on_lost: Callable[[], None]) -> None:
        self._speaker = speaker
        self._on_lost = on_lost
        self._order = asyncio.Lock()
        self.lost = False

    async def send(self, event: ToCaller, *, unless: Callable[[], bool] = lambda: False) -> bool:
        """Sends the event, unless that holds when its turn has come. Returns whether it was sent."""
        async with self._order:
            if self.lost or unless():
                return False
            try:
                await self._speaker.send(event)
            except CallerGone:
                self.lose()
                return False
            return True

    def lose(self) -> None:
        """The connection is lost."""
        if not self.lost:
            self.lost = True
            self._on_lost()

    def resume(self, speaker: CallerSpeaker) -> None:
        """The caller is back on another connection."""
        self._speaker = speaker
        self.lost = False
