"""Versions of sessions for cache validation: concurrent requests are batched into one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from db.commands.keys import USABLE_KEY
from db.postgres.reader import Reader
from graph.guards.deadlines import within

#: The row version (xmin) changes also with updates that have no event, such as a session's end.
_STATEMENT = f"""
select asked.place, sessions.last_seq, sessions.xmin::text
from unnest($1::bytea[], $2::uuid[]) with ordinality asked (key_hash, session_id, place)
join api_keys on api_keys.secret_hash = asked.key_hash and {USABLE_KEY}
join sessions on sessions.id = asked.session_id and sessions.tenant_id = api_keys.tenant_id
"""  # noqa: S608 - words of ours

_MAX_BATCH = 500


class Version(NamedTuple):
    """Reads at equal versions give equal results: every commit that changes readable data updates the session's row."""

    last_seq: int
    row: str


class _Asked(NamedTuple):
    key_hash: bytes
    session_id: UUID


class Versions:
    """Reads versions, one statement at a time, of at most ``seconds``; requests that arrive meanwhile form the next."""

    def __init__(self, reader: Reader, seconds: float) -> None:
        self._reader = reader
        self._seconds = seconds
        self._waiting: dict[_Asked, list[asyncio.Future[Version | None]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def of(self, key_hash: bytes, session_id: UUID) -> Version | None:
        """The session's current version; None if it is missing or another tenant's. Raises the reader's errors."""
        future: asyncio.Future[Version | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(_Asked(key_hash, session_id), []).append(future)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="versions")
        return await future

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        while self._waiting:
            batch = dict(islice(self._waiting.items(), _MAX_BATCH))
            for asked in batch:
                del self._waiting[asked]
            found: dict[_Asked, Version] = {}
            failed: Exception | None = None
            try:
                async with within(self._seconds):
                    found = await self._read(batch)
            except Exception as error:  # each waiting request handles it
                failed = error
            for asked, futures in batch.items():
                for future in futures:
                    if future.done():  # its request was cancelled
                        continue
                    if failed is None:
                        future.set_result(found.get(asked))
                    else:
                        future.set_exception(failed)

    async def _read(self, batch: Iterable[_Asked]) -> dict[_Asked, Version]:
        asked = list(batch)
        columns = [[each.key_hash for each in asked], [each.session_id for each in asked]]
        rows = await self._reader.rows(_STATEMENT, columns)
        return {asked[place - 1]: Version(last_seq, row) for place, last_seq, row in rows}
