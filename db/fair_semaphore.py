"""Fair semaphore: limits concurrency, keeps a slot free for other owners, and serves waiting owners round robin."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Hashable

from db.errors import Overloaded

_RETRY_AFTER_SECONDS = 5.0


class FairSemaphore:
    """``slots`` in total, of which one owner holds at most all but one (of a single slot, that one).

    ``max_waiting``: waiters per owner. ``timeout_seconds``: longest wait. ``too_many`` and ``too_long``: the errors'
    words for more waiters, and for a longer wait.
    """

    def __init__(
        self,
        slots: int,
        *,
        max_waiting: int,
        timeout_seconds: float,
        too_many: str = "Too many recordings are waiting to be decoded.",
        too_long: str = "No decoder became free in time.",
    ) -> None:
        self._too_many = too_many
        self._too_long = too_long
        self._free = slots
        self._max_held = max(1, slots - 1)
        self._max_waiting = max_waiting
        self._timeout_seconds = timeout_seconds
        self._held: Counter[Hashable] = Counter()
        self._queues: dict[Hashable, deque[asyncio.Future[None]]] = {}

    async def acquire(self, owner: Hashable) -> None:
        """Takes a slot; ``release`` returns it. Raises Overloaded if too many wait, or after the timeout."""
        queue = self._queues.setdefault(owner, deque())
        if len(queue) >= self._max_waiting:
            raise Overloaded(self._too_many, _RETRY_AFTER_SECONDS)
        slot = asyncio.get_running_loop().create_future()
        queue.append(slot)
        self._grant()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await slot
        except BaseException as error:
            if slot.done() and not slot.cancelled():
                self.release(owner)
            else:
                self._forget(owner, slot)
            if isinstance(error, TimeoutError):
                raise Overloaded(self._too_long, _RETRY_AFTER_SECONDS) from None
            raise

    def release(self, owner: Hashable) -> None:
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]
        self._free += 1
        self._grant()

    def _grant(self) -> None:
        while self._free:
            owner = next((each for each in self._queues if self._held[each] < self._max_held), None)
            if owner is None:
                return
            queue = self._queues.pop(owner)
            slot = queue.popleft()
            if queue:
                self._queues[owner] = queue  # to the end of the round
            if slot.done():  # cancelled, and its waiter has not run since
                continue
            self._held[owner] += 1
            self._free -= 1
            slot.set_result(None)

    def _forget(self, owner: Hashable, slot: asyncio.Future[None]) -> None:
        queue = self._queues.get(owner)
        if queue is None or slot not in queue:
            return
        queue.remove(slot)
        if not queue:
            del self._queues[owner]
