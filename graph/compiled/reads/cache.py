"""Execution of compiled queries, with a response cache that is revalidated by the session's version."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from cachetools import LRUCache

from db.logs import retrieve_exception
from db.postgres.reader import Reader, Row
from graph.compiled.reads.incremental import NOTHING, Ended, Finished, after, assemble, read_ended
from graph.compiled.reads.plans import Request
from graph.compiled.reads.sql_json import BROKEN
from graph.compiled.reads.statements import KEY_HASH
from graph.compiled.reads.versions import Version, Versions
from graph.guards.deadlines import within
from graph.guards.response_size import too_large
from graph.media.signing import MediaSigner, SoundUrls

_BROKEN = BROKEN.encode()

#: Overhead of a cache entry in bytes.
_ENTRY_BYTES = 1_000

#: Sessions whose change hints are counted.
_HINTS = 20_000


class Asking(NamedTuple):
    """The hash of the API key, and ``base``: this server's base URL."""

    key_hash: bytes
    base: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A response body. For a response about one session also its ``version``, ``etag``, the ``finished`` (immutable)
    part of each list, and the row versions of ended turns that may change (``ended``).

    ``hints``: the session's change hints received before the read.
    """

    body: bytes
    version: Version | None = None
    etag: str | None = None
    finished: tuple[Finished, ...] = ()
    ended: Ended = field(default_factory=dict)
    hints: int = 0


class ReadCache:
    """Executes compiled queries, through an LRU cache of ``cache_bytes``; None means that resolvers must answer.

    Limits: ``seconds`` per statement, ``max_bytes`` per response. The database validates every cache hit (by the
    session's version), so a response is never older than its request.
    """

    def __init__(
        self, reader: Reader, signer: MediaSigner, *, cache_bytes: int, seconds: float, max_bytes: int
    ) -> None:
        self._max_bytes = max_bytes
        self._reader = reader
        self._signer = signer
        self._seconds = seconds
        self._versions = Versions(reader, seconds)
        self._cache: LRUCache[object, Answer] = LRUCache(cache_bytes, lambda each: len(each.body) + _ENTRY_BYTES)
        self._making: dict[object, asyncio.Task[Answer | None]] = {}
        self._hints: LRUCache[UUID, int] = LRUCache(_HINTS)

    def hint(self, session_id: UUID) -> None:
        """Reports a probable change of a session: the next read skips the version check."""
        self._hints[session_id] = self._hints.get(session_id, 0) + 1

    async def answer(self, request: Request, asking: Asking) -> Answer | None:
        """The response; None if resolvers must answer. Raises OperationTimeout, QueryTooComplex (response too large)
        and the reader's errors.
        """
        if request.session_id is None:
            return await self._read(request, asking)
        expires = self._signer.window().expires if request.variant.has_urls else None
        key = (request.identity, asking, expires)
        known = self._cache.get(key)
        is_news = known is None or known.hints != self._hints.get(request.session_id, 0)
        if is_news and key not in self._making:
            # Requests that arrive during this read check the version first, and then find its result.
            return await self._made(key, self._read_session(request, asking, key, known))
        version = await self._versions.of(asking.key_hash, request.session_id)
        if version is None:
            return None
        known = self._cache.get(key)
        if known is not None and known.version == version:
            return known
        # Requests that found the same version share one read (single flight): it starts after all their checks.
        making = self._making.get((key, version))
        if making is not None:
            return await asyncio.shield(making)
        return await self._made((key, version), self._read_session(request, asking, key, known))

    async def close(self) -> None:
        await self._versions.close()
        for each in self._making.values():
            each.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)

    async def _made(self, name: object, reading: Coroutine[object, object, Answer | None]) -> Answer | None:
        """Runs a read that others may await; it continues if its first caller is cancelled."""
        task = self._making[name] = asyncio.create_task(reading, name="read")
        task.add_done_callback(lambda _: self._making.pop(name, None))
        task.add_done_callback(retrieve_exception)
        return await asyncio.shield(task)

    async def _read(self, request: Request, asking: Asking) -> Answer | None:
        row = await self._row(request, asking, ())
        body = None if row is None else request.variant.assemble(row)
        return None if body is None or self._is_broken(body) else Answer(body)

    async def _read_session(self, request: Request, asking: Asking, key: object, known: Answer | None) -> Answer | None:
        """Reads a session incrementally: the parts of its lists that are not known to be finished."""
        variant, session_id = request.variant, request.session_id
        assert session_id is not None
        hints = self._hints.get(session_id, 0)
        finished = (NOTHING,) * variant.statement.lists if known is None else known.finished
        row = await self._row(request, asking, finished)
        if row is None or row[0] is None:
            return None
        head, tail = variant.frame
        ended = read_ended(row[-3])
        made = None
        if known is None or known.ended.items() <= ended.items():
            made = assemble(head, row, tail, b"" if known is None else known.body, finished)
        if made is None:  # a part that counted as finished has changed
            return await self._read_session(request, asking, key, None)
        body, finished = made
        if self._is_broken(body):
            return None
        version = Version(row[-2], row[-1])
        answer = Answer(body, version, _etag(key, version), finished, ended, hints)
        if len(body) < self._cache.maxsize // 10:
            self._cache[key] = answer
        return answer

    def _is_broken(self, body: bytes) -> bool:
        """Whether a non-null field is null, an error that resolvers report. Raises QueryTooComplex."""
        if len(body) > self._max_bytes:
            raise too_large(self._max_bytes)
        return _BROKEN in body

    async def _row(self, request: Request, asking: Asking, finished: Sequence[Finished]) -> Row | None:
        variant = request.variant
        values: dict[str, object] = {**request.values, KEY_HASH: asking.key_hash}
        if variant.has_urls:
            values |= SoundUrls(asking.base, self._signer.window()).values()
        values |= {after(place): each.last_id for place, each in enumerate(finished)}
        async with within(self._seconds):
            return await self._reader.row(variant.statement.sql, [values[name] for name in variant.statement.names])


def _etag(key: object, version: Version) -> str:
    digest = hashlib.blake2b(repr((key, version)).encode(), digest_size=16)
    return f'"{digest.hexdigest()}"'
