"""Send queue of a websocket: texts in order, bounded. A client that does not read loses its connection."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from inference.live.ports import CallerGone

#: Texts that may wait; audio waits in the playout instead, so that control events are not behind it.
MAX_WAITING = 256

#: Texts that may wait before a piece of audio is added.
FEW_WAITING = 8


class Outbox:
    """One task runs ``run``, which writes; ``push`` adds at once. Whoever adds waits for ``room`` first.

    ``send`` writes one text and returns when the transport has taken it. ``stall_seconds``: the longest wait for it.
    """

    def __init__(self, send: Callable[[str], Awaitable[None]], *, stall_seconds: float) -> None:
        self._send = send
        self._stall_seconds = stall_seconds
        self._waiting: deque[str] = deque()
        self._added = asyncio.Event()
        self._taken = asyncio.Event()
        self._closing = False
        self.gone = False

    def push(self, text: str) -> None:
        """Adds a text; the little that a caller of ``room`` adds in one step may exceed the bound."""
        if not self._closing:
            self._waiting.append(text)
            self._added.set()

    async def room(self, waiting: int = MAX_WAITING) -> None:
        """Returns when fewer than ``waiting`` texts wait. Raises CallerGone if the client is lost or does not read."""
        while len(self._waiting) >= waiting and not self.gone:
            self._taken.clear()
            await self._taken.wait()  # ``run`` ends in time, and sets it
        if self.gone:
            raise CallerGone

    def finish(self) -> None:
        """Nothing more is added: ``run`` ends when all is written."""
        self._closing = True
        self._added.set()

    async def run(self) -> bool:
        """Writes until ``finish``; False if the client was lost or did not read for ``stall_seconds``."""
        try:
            while self._waiting or not self._closing:
                if not self._waiting:
                    self._added.clear()
                    await self._added.wait()
                    continue
                async with asyncio.timeout(self._stall_seconds):
                    await self._send(self._waiting[0])
                self._waiting.popleft()
                self._taken.set()
            return True
        except (TimeoutError, OSError):
            return False
        finally:
            self.gone = True
            self._waiting.clear()
            self._taken.set()
