"""The recording of a call that has ended: its segments become one Ogg file, stored as its audio."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from uuid import UUID

import structlog

from db.audio.encoded import EncodedAudio
from db.audio.persist import new_audio, upload
from db.audio.store import AudioStore
from db.calls import recordings
from db.calls.recordings import EndedCall
from db.enums import AudioKind
from db.logs import error_fields
from db.postgres.database import Database
from db.postgres.outage import retry_outage, run_forever
from inference.audio.opus import MIME_TYPE, OggFile
from inference.ports import SAMPLE_RATE

#: Segments read at once, of about 6 KB each.
_BATCH = 60

#: A call's own process stores its recording at once; after so long it has not.
_LEFT_SECONDS = 60.0
_POLL_SECONDS = 30.0
_MOST_LEFT = 10

#: Longest wait for the object store and the database.
_PATIENCE_SECONDS = 20.0

#: Time to store what is left when the process ends; another process stores the rest.
_CLOSE_SECONDS = 5.0

log = structlog.get_logger(__name__)


async def store_recording(database: Database, store: AudioStore, call_id: UUID) -> bool:
    """Stores the recording of a call that has ended; False if it has not, or there is nothing to store.

    Any number of processes may do so at once: one recording is kept. Raises AudioStoreUnavailable and database errors.
    """
    while True:
        async with database.reading() as session:
            call = await recordings.find_ended(session, call_id)
        if call is None:
            return False
        if await _finish(database, store, call):
            return True


async def _finish(database: Database, store: AudioStore, call: EndedCall) -> bool:
    sound = await _joined(database, call.call_id)
    new = new_audio(AudioKind.CALL, sound, session_id=call.session_id)
    new = await upload(store, new, patience_seconds=_PATIENCE_SECONDS)
    work = partial(recordings.finish, call=call, audio=new)
    return await retry_outage(lambda: database.run(work), patience_seconds=_PATIENCE_SECONDS)


async def _joined(database: Database, call_id: UUID) -> EncodedAudio:
    """The file. No connection is held while it is made; memory is the file's size."""
    file = await asyncio.to_thread(OggFile)
    after = -1
    while True:
        async with database.reading() as session:
            batch = await recordings.read(session, call_id, after_ms=after, limit=_BATCH)
        if not batch:
            break
        await asyncio.to_thread(_add, file, batch)
        after = batch[-1][0]
    data = await asyncio.to_thread(file.close)
    return EncodedAudio(data, MIME_TYPE, file.duration_ms, SAMPLE_RATE)


def _add(file: OggFile, batch: Sequence[tuple[int, bytes]]) -> None:
    for at_ms, data in batch:
        file.add(at_ms, data)


class CallRecordings:
    """Stores the recordings of this process's calls when they end, one after the other."""

    def __init__(self, database: Database, store: AudioStore) -> None:
        self._database = database
        self._store = store
        self._ended: deque[UUID] = deque()
        self._wake = asyncio.Event()

    def complete(self, call_id: UUID) -> None:
        """The call has ended, and nothing more of it is recorded. Returns at once."""
        self._ended.append(call_id)
        self._wake.set()

    async def run(self) -> None:
        """Runs until cancelled. What fails is left to ``store_left_recordings``."""
        while True:
            await self._store_all()
            self._wake.clear()
            await self._wake.wait()

    async def _store_all(self) -> None:
        while self._ended:
            await _store(self._database, self._store, self._ended[0])
            self._ended.popleft()

    async def close(self) -> None:
        """Stores the recordings that are left. After ``run`` has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._store_all()


async def store_left_recordings(database: Database, store: AudioStore) -> None:
    """Stores the recordings that a process left behind, because it died or failed. Polls until cancelled."""

    async def poll() -> None:
        await store_left(database, store)

    await run_forever(poll, lost="left_recordings_failed", pause_seconds=_POLL_SECONDS)


async def store_left(database: Database, store: AudioStore, *, after_seconds: float = _LEFT_SECONDS) -> None:
    """Stores the recordings of calls that ended ``after_seconds`` ago."""
    async with database.reading() as session:
        left = await recordings.find_left(session, after_seconds=after_seconds, limit=_MOST_LEFT)
    for call_id in left:
        await _store(database, store, call_id)


async def _store(database: Database, store: AudioStore, call_id: UUID) -> None:
    try:
        if await store_recording(database, store, call_id):
            log.info("call_recording_stored", call_id=str(call_id))
    except Exception as error:  # the others are stored all the same
        log.warning("call_recording_not_stored", call_id=str(call_id), **error_fields(error))
