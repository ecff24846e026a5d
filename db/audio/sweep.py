"""Deletes the objects of an audio store that no row names: what was uploaded for a commit that was never made."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select

from db.audio.store import BucketStore, StoredObject, ids_in
from db.errors import AudioStoreUnavailable
from db.logs import error_fields
from db.models.audio import Audio
from db.models.conversation import Session
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS

#: An object is named within minutes of its upload, or never: no commit is tried for longer.
GRACE = timedelta(days=1)

#: Objects deleted in one round; the next goes on.
_MAX_DELETED = 10_000

_EVERY_SECONDS = 6 * 3600

log = structlog.get_logger(__name__)


async def sweep(database: Database, store: BucketStore, *, grace: timedelta = GRACE) -> int:
    """One round through the store: returns how many objects were deleted. Harmless where several do it at once.

    Only objects of sessions that this database has, and older than ``grace``. Raises AudioStoreUnavailable.
    """
    deleted = 0
    before = datetime.now(UTC) - grace
    async with aclosing(store.pages()) as pages:
        async for page in pages:
            old = [each for each in page if each.modified_at < before]
            for key in await _unnamed(database, old):
                if deleted >= _MAX_DELETED:
                    return deleted
                await store.delete(key)
                deleted += 1
    return deleted


async def _unnamed(database: Database, objects: Sequence[StoredObject]) -> list[str]:
    """The keys of this database's sessions that no row names.

    A bucket may hold the audio of other databases too: what belongs to a session that is not known here stays.
    """
    found = {each.key: ids for each in objects if (ids := ids_in(each.key)) is not None}
    if not found:
        return []
    async with database.reading() as session:
        ours = set(
            await session.scalars(select(Session.id).where(Session.id.in_({each for each, _ in found.values()})))
        )
        named = set(await session.scalars(select(Audio.id).where(Audio.id.in_({each for _, each in found.values()}))))
    return [key for key, (session_id, audio_id) in found.items() if session_id in ours and audio_id not in named]


async def keep_swept(database: Database, store: BucketStore) -> None:
    """Sweeps now and then until cancelled; not at the same time as workers that started together."""
    while True:
        await asyncio.sleep(random.uniform(0.5, 1) * _EVERY_SECONDS)  # noqa: S311 - no secret
        try:
            log.info("audio_store_swept", deleted=await sweep(database, store))
        except (AudioStoreUnavailable, *DATABASE_ERRORS) as error:
            log.warning("audio_sweep_failed", **error_fields(error))
