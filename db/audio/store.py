"""Audio storage: a Postgres table by default, or an object store (S3, GCS, Azure Blob, files) when a URL is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID, uuid4

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url
from sqlalchemy import func, select

from db.errors import AudioStoreUnavailable, BadUserInput, NotFound
from db.models.audio import AudioBlob
from db.postgres.database import Database
from db.retries import constant_wait, retry

if TYPE_CHECKING:
    from obstore.store import RetryConfig  # exists for type checkers only

T = TypeVar("T")

#: Time limit of one request to an object store, including obstore's own retries.
_REQUEST_SECONDS = 20
_RETRY_AFTER_SECONDS = 2
_LIST_PAGE = 500
_RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=_REQUEST_SECONDS)}

log = structlog.get_logger(__name__)


class AudioStore(Protocol):
    """A key-value store of bytes. Methods must not be called within a transaction: each may wait for a network.

    All raise AudioStoreUnavailable while the store cannot be reached or refuses.
    """

    async def upload(self, key: str, data: bytes) -> bytes | None:
        """Stores the bytes and returns None; or returns the bytes that the caller must write to ``audio_blobs``.

        Idempotent.
        """
        ...

    async def get(self, database: Database, key: str, start: int, end: int) -> bytes:
        """The bytes from ``start`` (within the audio) to ``end`` (exclusive). Raises NotFound."""
        ...


class TableStore:
    """Stores bytes in the table ``audio_blobs``: in the same commit as the message, visible to all hosts."""

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
class BucketObject:
    """An object of a bucket."""

    key: str
    modified_at: datetime


class BucketStore:
    """Stores bytes in an object store (s3://, gs://, az://, file://), before the commit of the row with their key."""

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

    async def pages(self) -> AsyncGenerator[Sequence[BucketObject], None]:
        """Lists all objects in pages of at most 500, in no certain order."""
        listing = aiter(obstore.list(self._store, chunk_size=_LIST_PAGE))
        while True:
            try:
                page = await _answer(anext(listing), "list")
            except StopAsyncIteration:
                return
            yield [BucketObject(each["path"], each["last_modified"]) for each in page]

    async def probe(self) -> None:
        """Writes, reads and deletes a small object. Raises AudioStoreUnavailable, or FileNotFoundError."""
        key = f"voxloom-probe/{uuid4()}"
        await self.upload(key, b"voxloom")
        try:
            await _answer(obstore.get_range_async(self._store, key, start=0, end=7), "get")
        finally:
            await self.delete(key)

    async def delete(self, key: str) -> None:
        """Deletes an object; a missing object is no error."""
        with suppress(FileNotFoundError):
            await _answer(obstore.delete_async(self._store, key), "delete")


async def _answer(request: Awaitable[T], operation: str) -> T:
    """The store's answer. Raises FileNotFoundError, and AudioStoreUnavailable for all other errors."""
    try:
        async with asyncio.timeout(_REQUEST_SECONDS):
            return await request
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:  # refused, unreachable, full or too slow
        # The error's text is not logged: it may repeat addresses and answers of the store.
        log.warning("audio_store_failed", request=operation, error=type(error).__name__)
        raise AudioStoreUnavailable("The audio store cannot be reached at the moment.", _RETRY_AFTER_SECONDS) from error


async def retry_unavailable(request: Callable[[], Awaitable[T]], *, patience_seconds: float) -> T:
    """Retries a request to a store during an outage, for ``patience_seconds``. Raises AudioStoreUnavailable."""
    return await retry(
        request,
        is_transient=lambda error: isinstance(error, AudioStoreUnavailable),
        wait=constant_wait(),
        patience_seconds=patience_seconds,
    )


def open_audio_store(url: str | None) -> AudioStore:
    """The object store at ``url``; the table if it is None. Raises BadUserInput if the URL is not an object store's."""
    if url is None:
        return TableStore()
    try:
        if url.startswith("file:"):
            return BucketStore(from_url(url, mkdir=True))
        return BucketStore(from_url(url) if url.startswith("memory:") else from_url(url, retry_config=_RETRIES))
    except (BaseError, ValueError, OSError) as error:
        raise BadUserInput("VOXLOOM_AUDIO_STORE_URL must be an object store's URL, such as s3://bucket.") from error


def audio_key(session_id: UUID, audio_id: UUID) -> str:
    return f"{session_id}/{audio_id}"


def parse_audio_key(key: str) -> tuple[UUID, UUID] | None:
    """Inverse of ``audio_key``: the ids of session and audio; None for another application's key."""
    session_id, _, audio_id = key.partition("/")
    try:
        ids = UUID(session_id), UUID(audio_id)
    except ValueError:
        return None
    return ids if audio_key(*ids) == key else None
