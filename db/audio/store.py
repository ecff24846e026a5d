"""Where the bytes of audio are: in a table by default, in any object store when a URL is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url
from sqlalchemy import func, select

from db.errors import AudioStoreUnavailable, BadUserInput, NotFound
from db.models.audio import AudioBlob
from db.postgres.database import Database

if TYPE_CHECKING:
    from obstore.store import RetryConfig  # which is there for type checkers alone

T = TypeVar("T")

#: Bounds of one request to an object store, tries included.
_REQUEST_SECONDS = 20
_COME_BACK_SECONDS = 2
_RETRY_SECONDS = 0.5
_LIST_PAGE = 500
_RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=_REQUEST_SECONDS)}

log = structlog.get_logger(__name__)


class AudioStore(Protocol):
    """Bytes by key. No method is called within a transaction: each may wait for a network.

    All raise AudioStoreUnavailable when the store cannot be reached, or refuses, for now.
    """

    async def upload(self, key: str, data: bytes) -> bytes | None:
        """Stores the bytes and returns None; or returns those that the commit that names the key is to store.

        The same key and bytes again change nothing.
        """
        ...

    async def get(self, database: Database, key: str, start: int, end: int) -> bytes:
        """The bytes from offset ``start``, which lies within the audio, to ``end``, exclusive. Raises NotFound."""
        ...


class TableStore:
    """In the same Postgres: atomic with the message, and every worker on every host sees them."""

    async def upload(self, key: str, data: bytes) -> bytes | None:
        return data

    async def get(self, database: Database, key: str, start: int, end: int) -> bytes:
        part = func.substring(AudioBlob.data, start + 1, end - start)
        async with database.reading() as session:
            found: bytes | None = await session.scalar(select(part).where(AudioBlob.key == key))
        if found is None:
            raise NotFound("No such audio.")
        return found


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of a bucket."""

    key: str
    modified_at: datetime


class BucketStore:
    """In an object store (s3://, gs://, az://, file://): written before the commit that names them."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def upload(self, key: str, data: bytes) -> bytes | None:
        await _answer(obstore.put_async(self._store, key, data), "put")
        return None

    async def get(self, database: Database, key: str, start: int, end: int) -> bytes:
        try:
            return bytes(await _answer(obstore.get_range_async(self._store, key, start=start, end=end), "get"))
        except FileNotFoundError:
            raise NotFound("No such audio.") from None

    async def pages(self) -> AsyncGenerator[Sequence[StoredObject], None]:
        """All objects, some hundreds at a time, in no certain order."""
        listing = aiter(obstore.list(self._store, chunk_size=_LIST_PAGE))
        while True:
            try:
                page = await _answer(anext(listing), "list")
            except StopAsyncIteration:
                return
            yield [StoredObject(each["path"], each["last_modified"]) for each in page]

    async def delete(self, key: str) -> None:
        """Deletes an object; one that is not there is none the less gone."""
        with suppress(FileNotFoundError):
            await _answer(obstore.delete_async(self._store, key), "delete")


async def _answer(request: Awaitable[T], what: str) -> T:
    """The store's answer. Raises AudioStoreUnavailable for whatever may pass, and FileNotFoundError."""
    try:
        async with asyncio.timeout(_REQUEST_SECONDS):
            return await request
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:  # refused, unreachable, full, too slow: none of it is the caller's doing
        # Not its text: it repeats addresses and answers of the store.
        log.warning("audio_store_failed", request=what, error=type(error).__name__)
        raise AudioStoreUnavailable("The audio store cannot be reached at the moment.", _COME_BACK_SECONDS) from error


async def patiently(request: Callable[[], Awaitable[T]], *, patience_seconds: float) -> T:
    """Asks a store again and again while it is away, for that long at the most. Raises AudioStoreUnavailable."""
    clock = asyncio.get_running_loop().time
    give_up = clock() + patience_seconds
    while True:
        try:
            return await request()
        except AudioStoreUnavailable:
            if clock() >= give_up:
                raise
        await asyncio.sleep(_RETRY_SECONDS)


def open_audio_store(url: str | None) -> AudioStore:
    """The store for a URL, or the table when there is none. Raises BadUserInput for what names no object store."""
    if url is None:
        return TableStore()
    try:
        if url.startswith("file:"):
            return BucketStore(from_url(url, mkdir=True))  # the directory is made if need be
        return BucketStore(from_url(url) if url.startswith("memory:") else from_url(url, retry_config=_RETRIES))
    except (BaseError, ValueError, OSError) as error:
        raise BadUserInput("The audio store's URL names no store that can be opened, such as s3://bucket.") from error


def audio_key(session_id: UUID, audio_id: UUID) -> str:
    return f"{session_id}/{audio_id}"


def ids_in(key: str) -> tuple[UUID, UUID] | None:
    """The ids of the session and of the audio that a key was made of; None for a key of somebody else."""
    session_id, _, audio_id = key.partition("/")
    try:
        ids = UUID(session_id), UUID(audio_id)
    except ValueError:
        return None
    return ids if audio_key(*ids) == key else None
