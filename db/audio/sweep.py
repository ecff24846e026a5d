"""Garbage collection of the object store: deletes orphaned audio, uploaded for a commit that was never made."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select

from db.audio.store import BucketObject, BucketStore, parse_audio_key
from db.errors import AudioStoreUnavailable
from db.logs import error_fields
from db.models.audio import Audio
from db.models.conversation import Session
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS

#: Age from which an object without a row is an orphan. A commit follows its upload within minutes or never.
GRACE = timedelta(days=1)

#: Most objects deleted by one sweep; the next one continues.
_MAX_DELETED = 10_000

_INTERVAL_SECONDS = 6 * 3600

log = structlog.get_logger(__name__)


async def sweep(database: Database, store: BucketStore, *, grace: timedelta = GRACE) -> int:
    """Lists the store once and deletes orphans; returns the number deleted. May run in several workers at once.

    An orphan belongs to a session of this database and is older than ``grace``. Raises AudioStoreUnavailable.
    """
    deleted = 0
    before = datetime.now(UTC) - grace
    async with aclosing(store.pages()) as pages:
        async for page in pages:
            old = [each for each in page if each.modified_at < before]
            for key in await _orphans(database, old):
                if deleted >= _MAX_DELETED:
                    return deleted
                await store.delete(key)
                deleted += 1
    return deleted


async def _orphans(database: Database, objects: Sequence[BucketObject]) -> list[str]:
    """The keys of sessions of this database that have no audio row.

    Objects of unknown sessions stay: several databases may share a bucket.
    """
    found = {each.key: ids for each in objects if (ids := parse_audio_key(each.key)) is not None}
    if not found:
        return []
    async with database.reading() as session:
        ours = set(
            await session.scalars(select(Session.id).where(Session.id.in_({each for each, _ in found.values()})))
        )
        stored = set(await session.scalars(select(Audio.id).where(Audio.id.in_({each for _, each in found.values()}))))
    return [key for key, (session_id, audio_id) in found.items() if session_id in ours and audio_id not in stored]


async def sweep_periodically(database: Database, store: BucketStore) -> None:
    """Sweeps every 3 to 6 hours until cancelled; with jitter, as workers may start together."""
    while True:
        await asyncio.sleep(random.uniform(0.5, 1) * _INTERVAL_SECONDS)  # noqa: S311 - no secret
        try:
            log.info("audio_store_swept", deleted=await sweep(database, store))
        except (AudioStoreUnavailable, *DATABASE_ERRORS) as error:
            log.warning("audio_sweep_failed", **error_fields(error))
