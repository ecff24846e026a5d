"""Ends open websockets and subscriptions of a revoked API key, on every transport.

A process learns of a revocation by NOTIFY; in case a notification is lost, keys with anything open are also polled
about once a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar
from uuid import UUID

from db.commands.keys import find_revoked
from db.errors import Unauthenticated
from db.postgres.outage import run_forever
from db.postgres.reader import Reader

_CHECK_SECONDS = 1.0

T = TypeVar("T")


class Hold:
    """An open websocket or subscription of a key. ``revoked``: nothing more may be sent."""

    __slots__ = ("_end", "_waiting", "revoked")

    def __init__(self, end: Callable[[], None] | None) -> None:
        self.revoked = False
        self._end = end
        self._waiting: asyncio.Timeout | None = None

    async def next(self, events: AsyncIterator[T]) -> T:
        """The next event. Raises StopAsyncIteration, and Unauthenticated as soon as the key is revoked."""
        if not self.revoked:
            try:
                async with asyncio.timeout(None) as self._waiting:
                    return await anext(events)
            except TimeoutError:
                if not self.revoked:  # not the one set by revoke
                    raise
            finally:
                self._waiting = None
        raise Unauthenticated("The API key was revoked.")

    def revoke(self) -> None:
        self.revoked = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())
        if self._end is not None:
            self._end()


class Revocations:
    """Registry of each key's open connections in this process. ``forget`` is called with each revoked key."""

    def __init__(self, reader: Reader, forget: Callable[[UUID], None]) -> None:
        self._reader = reader
        self._forget = forget
        self._open: dict[UUID, set[Hold]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        check = run_forever(self._check, lost="revocation_check_failed", pause_seconds=_CHECK_SECONDS)
        self._task = asyncio.create_task(check, name="revocations")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @contextmanager
    def held(self, key_id: UUID, end: Callable[[], None] | None = None) -> Iterator[Hold]:
        """Registers an open connection within the context. ``end`` is called once if the key is revoked."""
        hold = Hold(end)
        holds = self._open.setdefault(key_id, set())
        holds.add(hold)
        try:
            yield hold
        finally:
            holds.discard(hold)
            if not holds and self._open.get(key_id) is holds:
                del self._open[key_id]

    def hear(self, payload: str) -> None:
        """Handles a notification on `db.commands.keys.REVOKED_CHANNEL`."""
        with suppress(ValueError):
            self.revoke(UUID(payload))

    def revoke(self, key_id: UUID) -> None:
        self._forget(key_id)
        for hold in self._open.pop(key_id, ()):
            hold.revoke()

    async def _check(self) -> None:
        if self._open:
            for key_id in await find_revoked(self._reader, list(self._open)):
                self.revoke(key_id)
