"""Places shared fairly: nobody holds all of them, and those who wait take turns by owner, not by who asked first."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Hashable

from db.errors import Overloaded

_AGAIN_SECONDS = 5.0


class FairShare:
    """``places`` at a time, of which one owner holds all but one at most (of a single one, that one).

    ``waiting``: how many of one owner may wait. ``seconds``: how long each waits at most.
    """

    def __init__(self, places: int, *, waiting: int, seconds: float) -> None:
        self._free = places
        self._each = max(1, places - 1)
        self._most_waiting = waiting
        self._seconds = seconds
        self._held: Counter[Hashable] = Counter()
        self._queues: dict[Hashable, deque[asyncio.Future[None]]] = {}

    async def take(self, owner: Hashable) -> None:
        """A place, to be given back with ``give_back``. Raises Overloaded when too many wait, or it took too long."""
        queue = self._queues.setdefault(owner, deque())
        if len(queue) >= self._most_waiting:
            raise Overloaded("Too many recordings are waiting to be decoded.", _AGAIN_SECONDS)
        place = asyncio.get_running_loop().create_future()
        queue.append(place)
        self._grant()
        try:
            async with asyncio.timeout(self._seconds):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                self.give_back(owner)
            else:
                self._forget(owner, place)
            if isinstance(error, TimeoutError):
                raise Overloaded("Decoding the recording was not begun in time.", _AGAIN_SECONDS) from None
            raise

    def give_back(self, owner: Hashable) -> None:
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]
        self._free += 1
        self._grant()

    def _grant(self) -> None:
        while self._free:
            owner = next((each for each in self._queues if self._held[each] < self._each), None)
            if owner is None:
                return
            queue = self._queues.pop(owner)
            place = queue.popleft()
            if queue:
                self._queues[owner] = queue  # behind all others
            if place.done():  # cancelled, and its waiter has not run since
                continue
            self._held[owner] += 1
            self._free -= 1
            place.set_result(None)

    def _forget(self, owner: Hashable, place: asyncio.Future[None]) -> None:
        queue = self._queues.get(owner)
        if queue is None or place not in queue:
            return
        queue.remove(place)
        if not queue:
            del self._queues[owner]
