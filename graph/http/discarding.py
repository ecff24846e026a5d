"""Backpressure for bytes that are read only to be discarded: connections take turns, so the event loop stays free.

What a client sends after its response must be read (closing earlier resets the connection, and the response is lost).
An unauthenticated client can send gigabytes a second: without turns, they would delay all other requests.
"""

from __future__ import annotations

import asyncio
from collections import deque

#: Connections that are read in one turn, each at most 256 kB (one read of asyncio): at most 200 MB/s in all.
_TURNS = 4
_TURN_SECONDS = 0.005


class Discarding:
    """Schedules reads of a process's connections whose bytes are discarded. One event loop."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Transport] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def pause(self, transport: asyncio.Transport) -> None:
        """Pauses reading from the connection until its turn. Call again after each read."""
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
