"""The way to the caller: events of several tasks in one order, and a connection that may be lost and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from inference.live.caller_events import ToCaller
from inference.live.ports import CallerGone, CallerSpeaker


class Outbox:
    """Sends to the caller's connection. Never raises: a turn goes on without its caller.

    ``on_lost``: called when the connection is lost. On a new one (``resume``) nothing is sent until the caller has been
    told what they missed (``returned``), but for that (``again``).
    """

    def __init__(self, speaker: CallerSpeaker, on_lost: Callable[[], None]) -> None:
        self._speaker = speaker
        self._on_lost = on_lost
        self._order = asyncio.Lock()
        self._open = asyncio.Event()
        self._open.set()
        self.lost = False

    async def send(self, event: ToCaller, *, unless: Callable[[], bool] = lambda: False, again: bool = False) -> bool:
        """Sends the event, unless that holds when its turn has come. Returns whether it was sent."""
        if not again:
            await self._open.wait()
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
            self._open.set()
            self._on_lost()

    def resume(self, speaker: CallerSpeaker) -> None:
        """The caller is back on another connection."""
        self._speaker = speaker
        self.lost = False
        self._open.clear()

    def returned(self) -> None:
        """The caller knows what they missed."""
        self._open.set()
