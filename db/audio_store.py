"""Where the bytes of sounds are: in a table by default, in any object store when a URL is set."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.errors import BadUserInput, NotFound
from db.models.audio import AudioBlob


class AudioStore(Protocol):
    """Bytes by key. ``start`` and ``end`` are byte offsets, ``end`` exclusive; ``start`` lies within the sound."""

    async def put(self, session: AsyncSession, key: str, data: bytes) -> None:
        """Keeps the bytes from the caller's commit on; if it never commits, nothing points at them."""
        ...

    async def get(self, session: AsyncSession, key: str, start: int, end: int) -> bytes:
        """Those of the bytes. Raises NotFound if there are none under this key."""
        ...


class TableStore:
    """In the same Postgres: atomic with the message, and every worker on every host sees them."""

    async def put(self, session: AsyncSession, key: str, data: bytes) -> None:
        await session.execute(insert(AudioBlob).values(key=key, data=data))

    async def get(self, session: AsyncSession, key: str, start: int, end: int) -> bytes:
        part: bytes | None = await session.scalar(
            select(func.substring(AudioBlob.data, start + 1, end - start)).where(AudioBlob.key == key)
        )
        if part is None:
            raise NotFound("No such audio.")
        return part


class BucketStore:
    """In an object store (s3://, gs://, az://, file://): written before the commit that names them."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, session: AsyncSession, key: str, data: bytes) -> None:
        await obstore.put_async(self._store, key, data)

    async def get(self, session: AsyncSession, key: str, start: int, end: int) -> bytes:
        try:
            return bytes(await obstore.get_range_async(self._store, key, start=start, end=end))
        except FileNotFoundError:
            raise NotFound("No such audio.") from None


def open_audio_store(url: str | None) -> AudioStore:
    """The store for a URL, or the table when there is none. Raises BadUserInput for what names no object store."""
    if url is None:
        return TableStore()
    try:
        # The directory of a file:// store is made if need be.
        return BucketStore(from_url(url, mkdir=True) if url.startswith("file:") else from_url(url))
    except (BaseError, ValueError, OSError) as error:
        raise BadUserInput("The audio store's URL names no store that can be opened, such as s3://bucket.") from error


def audio_key(session_id: UUID, audio_id: UUID) -> str:
    return f"{session_id}/{audio_id}"
