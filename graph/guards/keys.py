"""Verification of API keys before any other work: one indexed statement, cached for two seconds."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from cachetools import LRUCache, TTLCache

from db.commands.keys import FoundKey, find_key, hash_secret
from db.errors import KeyExpired, Unauthenticated
from db.logs import retrieve_exception
from db.postgres.outage import DATABASE_ERRORS
from db.postgres.reader import Reader
from db.viewer import Viewer
from graph.guards.rate_limit import Rates

MAX_SECRET = 500

#: Cache time of a valid key; a revocation clears it sooner (`Keys.forget`).
_FRESH_SECONDS = 2.0

#: Cache time of a wrong key.
_WRONG_SECONDS = 5.0

_MAX_KNOWN = 10_000
_MAX_WRONG = 20_000

#: Concurrent look-ups of unknown keys.
_MAX_LOOKS = 2

_WRONG_KEY = "The API key is wrong or was revoked."


class _Refusal(Enum):
    """Why a key is not valid. UNKNOWN: wrong or revoked."""

    UNKNOWN = auto()
    EXPIRED = auto()


@dataclass(slots=True)
class _Known:
    """A valid key. Times of the process's clock, in seconds: ``good_until`` it need not be looked up again."""

    viewer: Viewer
    good_until: float
    expires_at: float


class Keys:
    """The key caches of a process: bounded, valid and wrong keys apart, so that wrong keys evict no valid one.

    The caches only decide whether a request is processed: reads and writes check the key in the database again.
    """

    def __init__(self, reader: Reader, rates: Rates, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._rates = rates
        self._clock = clock
        self._known: LRUCache[bytes, _Known] = LRUCache(_MAX_KNOWN)
        self._wrong: TTLCache[bytes, _Refusal] = TTLCache(_MAX_WRONG, _WRONG_SECONDS, clock)
        self._looking: dict[bytes, asyncio.Task[Viewer | _Refusal]] = {}
        self._looks = asyncio.Semaphore(_MAX_LOOKS)

    async def admit(self, secret: str | None, address: str, *, anew: bool = False) -> Viewer:
        """The viewer of a key; a missing or wrong key is charged to the address.

        ``anew``: bypasses the cache. Raises Unauthenticated, KeyExpired, RateLimited; database errors in an outage.
        """
        if secret is None:
            self._rates.take_address(address)
            raise Unauthenticated("Send an API key: Authorization: Bearer <key>.")
        found = await self._find(secret, address, anew)
        if isinstance(found, _Refusal):
            self._rates.take_failure(address)
            raise KeyExpired if found is _Refusal.EXPIRED else Unauthenticated(_WRONG_KEY)
        return found

    def forget(self, key_id: UUID) -> None:
        """Removes a revoked key from the cache."""
        for secret_hash in [each for each, known in self._known.items() if known.viewer.key_id == key_id]:
            del self._known[secret_hash]

    async def close(self) -> None:
        tasks = list(self._looking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, secret: str, address: str, anew: bool) -> Viewer | _Refusal:
        if len(secret) > MAX_SECRET:
            return _Refusal.UNKNOWN
        secret_hash = hash_secret(secret)
        known = self._known.get(secret_hash)
        if known is not None and anew:
            # Not a shared look-up: that may have started before the key was revoked.
            return self._remembered(secret_hash, await find_key(self._reader, secret_hash))
        if known is not None and known.good_until > self._clock():
            return known.viewer
        refusal = self._wrong.get(secret_hash)
        if refusal is not None:
            return refusal
        if known is None:
            self._rates.check_failures(address)
        task = self._looking.get(secret_hash)
        if task is None:
            task = self._looking[secret_hash] = asyncio.create_task(self._look(secret_hash, known), name="key")
            task.add_done_callback(lambda _: self._looking.pop(secret_hash, None))
            task.add_done_callback(retrieve_exception)
        return await asyncio.shield(task)

    async def _look(self, secret_hash: bytes, known: _Known | None) -> Viewer | _Refusal:
        if known is None:
            async with self._looks:
                found = await find_key(self._reader, secret_hash)
        else:
            try:
                found = await find_key(self._reader, secret_hash)
            except DATABASE_ERRORS:
                if known.expires_at <= self._clock():
                    return _Refusal.EXPIRED
                return known.viewer  # valid a moment ago; the request itself will meet the same outage
        return self._remembered(secret_hash, found)

    def _remembered(self, secret_hash: bytes, found: FoundKey | None) -> Viewer | _Refusal:
        if found is None or found.has_expired:
            self._known.pop(secret_hash, None)
            refusal = self._wrong[secret_hash] = _Refusal.UNKNOWN if found is None else _Refusal.EXPIRED
            return refusal
        now = self._clock()
        expires_at = math.inf if found.seconds_left is None else now + found.seconds_left
        self._known[secret_hash] = _Known(found.viewer, min(now + _FRESH_SECONDS, expires_at), expires_at)
        return found.viewer
