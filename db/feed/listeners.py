"""Those who follow a session, and what they have had: the bookkeeping behind ``db.feed.feed``."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from db.feed.events import StoredEvent

#: Events that are read at once.
PAGE = 200

#: Takes an event at once, or says that it cannot: then the follower gets it.
Take = Callable[[StoredEvent], bool]


class Listener:
    """One follower, who has had all events up to ``cursor``.

    ``behind``: it must read the table before it may take from its buffer. ``idle``: it waits, and has had all that was
    offered, so that ``take`` may have the next event without waking it.
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
        """Waits for an event that nobody took."""
        self.wake.clear()
        self.idle = True
        try:
            await self.wake.wait()
        finally:
            self.idle = False


@dataclass(frozen=True, slots=True)
class Page:
    """Events as they were read. ``reached``: all up to this number have been read by now."""

    events: list[StoredEvent]
    reached: int

    @property
    def full(self) -> bool:
        """There may be more."""
        return len(self.events) == PAGE


class Topic:
    """The listeners of one session, and the number of the last event that was offered to them."""

    __slots__ = ("head", "listeners")

    def __init__(self) -> None:
        self.head: int | None = None
        self.listeners: set[Listener] = set()

    def joined(self, listener: Listener, page: Page) -> None:
        """Follows on from the page, or has the listener read again where offers would leave a gap.

        Settled before the page is handed on, which takes as long as the listener likes: by then the others are further.
        The head only ever goes back to what a listener knows: the others pass over what they are offered again.
        """
        if page.full:
            listener.fall_behind()
        elif self.head is None:
            self.head = page.reached
        elif self.head > page.reached and not (listener.buffer and listener.buffer[0].seq <= page.reached + 1):
            self.head = page.reached
            listener.fall_behind()

    def deliver(self, page: Page) -> None:
        """Offers what was read after the head to all listeners."""
        for event in page.events:
            self.head = event.seq
            for listener in self.listeners:
                listener.offer(event)
