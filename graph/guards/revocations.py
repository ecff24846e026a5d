"""Ends open websockets and subscriptions of a revoked or expired API key, on every transport.

A process learns of a revocation by NOTIFY. Keys with anything open are also polled about once a second: in case a
notification is lost, and because nobody notifies of an expiry.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar
from uuid import UUID

from db.commands.keys import find_unusable
from db.errors import KeyExpired, Unauthenticated
from db.postgres.outage import run_forever
from db.postgres.reader import Reader

_CHECK_SECONDS = 1.0

T = TypeVar("T")


#: Ends a connection for the reason given.
End = Callable[[Unauthenticated], None]


class Hold:
    """An open websocket or subscription of a key. ``revoked``: nothing more may be sent, as the key is not valid."""

    __slots__ = ("_end", "_has_expired", "_waiting", "revoked")

    def __init__(self, end: End | None) -> None:
        self.revoked = False
        self._has_expired = False
        self._end = end
        self._waiting: asyncio.Timeout | None = None

    async def next(self, events: AsyncIterator[T]) -> T:
        """The next event. Raises StopAsyncIteration; Unauthenticated or KeyExpired as soon as the key is not valid."""
        if not self.revoked:
            try:
                async with asyncio.timeout(None) as self._waiting:
                    return await anext(events)
            except TimeoutError:
                if not self.revoked:  # not the one set by revoke
                    raise
            finally:
                self._waiting = None
        raise self._reason()

    def _reason(self) -> Unauthenticated:
        return KeyExpired() if self._has_expired else Unauthenticated("The API key was revoked.")

    def revoke(self, *, has_expired: bool) -> None:
        self.revoked = True
        self._has_expired = has_expired
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())
        if self._end is not None:
            self._end(self._reason())


class Revocations:
    """Registry of each key's open connections in this process. ``forget`` is called with each key that ended."""

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
    def held(self, key_id: UUID, end: End | None = None) -> Iterator[Hold]:
        """Registers an open connection within the context. ``end`` is called once if the key is revoked or expires."""
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

    def revoke(self, key_id: UUID, *, has_expired: bool = False) -> None:
        self._forget(key_id)
        for hold in self._open.pop(key_id, ()):
            hold.revoke(has_expired=has_expired)

    async def _check(self) -> None:
        if self._open:
            for key in await find_unusable(self._reader, list(self._open)):
                self.revoke(key.id, has_expired=key.has_expired)
