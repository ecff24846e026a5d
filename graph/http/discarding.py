"""Bytes that nobody waits for are read slowly, and by turns, so that the event loop has time for everyone else.

What a client sends after its answer must be read (a connection that is closed before is reset, and the answer is lost),
but a stranger can send gigabytes a second of it: read as they come, they leave a request of somebody else a small part
of each turn of the loop.
"""

from __future__ import annotations

import asyncio
from collections import deque

#: A turn reads what the loop reads at once, at most 256 kB: together 200 MB/s at most.
_TURNS = 4
_TURN_SECONDS = 0.005


class Discarding:
    """The connections of a process whose bytes are thrown away. One event loop."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Transport] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def pause(self, transport: asyncio.Transport) -> None:
        """Reads no more of the connection before it is its turn. To be called again for each piece that came."""
        if transport.is_closing():
            return
        transport.pause_reading()
        self._waiting.append(transport)
        if self._timer is None:
            self._wait()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_TURN_SECONDS, self._take_turns)

    def _take_turns(self) -> None:
        self._timer = None
        for _ in range(min(_TURNS, len(self._waiting))):
            transport = self._waiting.popleft()
            if not transport.is_closing():
                transport.resume_reading()
        if self._waiting:
            self._wait()
