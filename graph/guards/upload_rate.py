"""Traffic shaping of API keys: request bodies above a key's rate are read more slowly, and not refused.

The generic cell rate algorithm (ITU-T I.371): per key, the time at which what it has sent would have arrived at its
rate. Unread bytes stay with the client (TCP flow control), so that waiting takes no memory. Receiving, parsing and
decoding a recording costs the event loop about 10 ms per megabyte; without a rate, one key's uploads would take it all.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from uuid import UUID

#: Keys with a time of their own; the least recently used is forgotten, as if it had sent nothing.
_MAX_KEYS = 20_000


class UploadRate:
    """The rates of a process: ``per_second`` bytes for each key (0: no limit), of which ``burst`` may come at once."""

    def __init__(
        self,
        per_second: int,
        burst: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._per_second = per_second
        self._burst_seconds = burst / per_second if per_second else 0.0
        self._clock = clock
        self._sleep = sleep
        self._arrivals: OrderedDict[UUID, float] = OrderedDict()

    async def take(self, key_id: UUID, size: int) -> None:
        """Counts ``size`` bytes that were received; returns when the key may send more."""
        if self._per_second == 0:
            return
        now = self._clock()
        arrival = max(self._arrivals.pop(key_id, 0.0), now - self._burst_seconds) + size / self._per_second
        self._arrivals[key_id] = arrival
        if len(self._arrivals) > _MAX_KEYS:
            self._arrivals.popitem(last=False)
        if arrival > now:
            await self._sleep(arrival - now)
