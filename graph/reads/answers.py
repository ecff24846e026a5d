"""Answers from plans: out of the cache while the conversation is unchanged, else from one statement."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from db.reader import Reader
from graph.reads.json_text import BROKEN
from graph.reads.plans import Request
from graph.reads.sound_urls import SoundUrls
from graph.reads.statements import KEY_HASH
from graph.reads.versions import Version, Versions
from graph.signing import MediaSigner

_BROKEN = BROKEN.encode()

#: What an entry of the cache takes beside its bytes.
_ENTRY_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and ``base``, the start of this server's addresses."""

    key_hash: bytes
    base: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response. ``version``: of the one session it shows, if it is one."""

    body: bytes
    version: Version | None
    etag: str | None


class Answers:
    """Answers requests of admitted operations; null means that a slower layer must.

    The cache is asked only together with the database: what is answered is what was true after the request came in.
    """

    def __init__(self, reader: Reader, signer: MediaSigner, cache_bytes: int) -> None:
        self._reader = reader
        self._signer = signer
        self._versions = Versions(reader)
        self._cache: LRUCache[object, Answer] = LRUCache(cache_bytes, lambda each: len(each.body) + _ENTRY_BYTES)
        self._making: dict[object, asyncio.Future[Answer | None]] = {}

    async def answer(self, request: Request, asking: Asking) -> Answer | None:
        """Raises what the reader raises."""
        variant = request.variant
        if request.session_id is None:
            return await self._read(request, asking, None)
        key = (request.identity, asking, self._signer.window().expires if variant.has_urls else None)
        known = self._cache.get(key)
        if known is None:
            return await self._read(request, asking, key)
        version = await self._versions.of(asking.key_hash, request.session_id)
        if version is None:
            return None
        if version == known.version:
            return known
        return await self._shared(request, asking, key, version)

    async def close(self) -> None:
        await self._versions.close()

    async def _shared(self, request: Request, asking: Asking, key: object, version: Version) -> Answer | None:
        """Those that found the same version read it once: the reading began after all of them had asked."""
        making = (key, version)
        future = self._making.get(making)
        if future is None:
            future = self._making[making] = asyncio.ensure_future(self._read(request, asking, key))
            future.add_done_callback(lambda _: self._making.pop(making, None))
        return await asyncio.shield(future)

    async def _read(self, request: Request, asking: Asking, key: object) -> Answer | None:
        variant = request.variant
        values: dict[str, Any] = {**request.values, KEY_HASH: asking.key_hash}
        if variant.has_urls:
            values |= SoundUrls(asking.base, self._signer.window()).values()
        row = await self._reader.row(variant.statement.sql, [values[name] for name in variant.statement.names])
        if row is None:
            return None
        body = variant.assemble(row)
        if body is None or _BROKEN in body:
            return None
        if key is None:
            return Answer(body, None, None)
        version = Version(row[-2], row[-1])
        answer = Answer(body, version, _etag(key, version))
        if len(body) < self._cache.maxsize // 10:
            self._cache[key] = answer
        return answer


def _etag(key: object, version: Version) -> str:
    told = hashlib.blake2b(repr((key, version)).encode(), digest_size=16)
    return f'"{told.hexdigest()}"'
