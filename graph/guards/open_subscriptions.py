"""Limits on open subscriptions: for each API key, and for the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from db.errors import Overloaded

#: Suggested retry: another client's subscription may end at any time.
_RETRY_SECONDS = 5.0


class SubscriptionLimits:
    """Counts the open subscriptions of a process. For one event loop."""

    def __init__(self, per_key: int, per_process: int) -> None:
        self._per_key = per_key
        self._per_process = per_process
        self._by_key: dict[UUID, int] = {}
        self._all = 0

    @property
    def open(self) -> int:
        return self._all

    @contextmanager
    def held(self, key_id: UUID) -> Iterator[None]:
        """Counts a subscription of the key within the context. Raises Overloaded if a limit is reached."""
        mine = self._by_key.get(key_id, 0)
        if mine >= self._per_key:
            raise Overloaded(f"This key has {mine} open subscriptions on this server, the maximum.", _RETRY_SECONDS)
        if self._all >= self._per_process:
            raise Overloaded("This server has reached its limit of open subscriptions.", _RETRY_SECONDS)
        self._by_key[key_id] = mine + 1
        self._all += 1
        try:
            yield
        finally:
            self._all -= 1
            left = self._by_key[key_id] - 1
            if left:
                self._by_key[key_id] = left
            else:
                del self._by_key[key_id]
