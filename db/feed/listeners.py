"""Listeners of a session: cursors, bounded buffers and delivery; the bookkeeping of ``db.feed.feed``."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from db.feed.events import StoredEvent

#: Most events per read.
PAGE = 200

#: Fast path of a listener: handles an event at once (True), or leaves it to the iterator (False).
Take = Callable[[StoredEvent], bool]


class Listener:
    """One subscriber, to whom all events up to ``cursor`` were delivered.

    ``behind``: must read the table before its buffer. ``idle``: waits with an empty buffer, so that ``take`` may get
    the next event without waking the task.
    """

    __slots__ = ("behind", "buffer", "cursor", "idle", "limit", "take", "wake")

    def __init__(self, limit: int, cursor: int, take: Take | None) -> None:
        self.limit = limit
        self.cursor = cursor
        self.take = take
        self.buffer: deque[StoredEvent] = deque()
        self.behind = True
        self.idle = False
        self.wake = asyncio.Event()

    def fall_behind(self) -> None:
        self.buffer.clear()
        self.behind = True
        self.idle = False
        self.wake.set()

    def offer(self, event: StoredEvent) -> None:
        if self.behind:
            return
        if self.idle and self.take is not None:
            if event.seq <= self.cursor:
                return
            if event.seq == self.cursor + 1 and self.take(event):
                self.cursor = event.seq
                return
        self.idle = False
        if len(self.buffer) >= self.limit:
            self.fall_behind()
            return
        self.buffer.append(event)
        self.wake.set()

    async def rest(self) -> None:
        """Waits for an event that ``take`` has not handled."""
        self.wake.clear()
        self.idle = True
        try:
            await self.wake.wait()
        finally:
            self.idle = False


@dataclass(frozen=True, slots=True)
class Page:
    """Events read from the table. ``reached``: the number up to which all events are read."""

    events: list[StoredEvent]
    reached: int

    @property
    def full(self) -> bool:
        """Whether there may be more events."""
        return len(self.events) == PAGE


class Topic:
    """The listeners of one session. ``head``: number of the last event that was offered to them."""

    __slots__ = ("head", "listeners")

    def __init__(self) -> None:
        self.head: int | None = None
        self.listeners: set[Listener] = set()

    def join(self, listener: Listener, page: Page) -> None:
        """Continues live delivery after the page, or lets the listener read again if there would be a gap.

        Called before the page is yielded, which may take long while the head moves on. The head may move back to a
        listener's position: the others skip events that are offered again.
        """
        if page.full:
            listener.fall_behind()
        elif self.head is None:
            self.head = page.reached
        elif self.head > page.reached and not (listener.buffer and listener.buffer[0].seq <= page.reached + 1):
            self.head = page.reached
            listener.fall_behind()

    def deliver(self, page: Page) -> None:
        """Offers the events read after the head to all listeners."""
        for event in page.events:
            self.head = event.seq
            for listener in self.listeners:
                listener.offer(event)
