"""Garbage collection of the object store: orphans are deleted; stored, young and other applications' objects stay."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

from db.audio.encoded import EncodedAudio
from db.audio.persist import new_audio, upload
from db.audio.store import BucketStore, audio_key, open_audio_store
from db.audio.sweep import sweep
from db.commands.messages import send_message
from db.enums import AudioKind
from db.ids import new_id
from db.postgres.database import Database
from db.viewer import Viewer
from tests.db.rows import open_session

_OLD_SECONDS = 2 * 24 * 3600


async def test_only_old_orphans_of_this_database_are_deleted(
    database: Database, viewer: Viewer, tmp_path: Path
) -> None:
    store = open_audio_store(tmp_path.as_uri())
    assert isinstance(store, BucketStore)
    session_id = await open_session(database, viewer)
    recording = EncodedAudio(b"audio", "audio/wav", 1, 8000)

    async def uploaded() -> str:
        saved = await upload(store, new_audio(AudioKind.RECORDING, recording, session_id=session_id))
        async with database.transaction() as session:
            if named:
                await send_message(session, viewer, session_id=session_id, content=saved)
        return saved.key

    named = True
    kept = [await uploaded() for _ in range(3)]
    named = False
    orphans = [await uploaded() for _ in range(3)]
    young = await uploaded()
    foreign = [audio_key(new_id(), new_id()), "backup/of/something", f"{session_id}/notes", f"x{orphans[0]}"]
    for key in foreign:
        await store.upload(key, b"not ours")
    for key in (*kept, *orphans, *foreign):
        os.utime(tmp_path / key, times=(time.time() - _OLD_SECONDS,) * 2)
    assert await sweep(database, store) == 3
    assert _files(tmp_path) == {*kept, young, *foreign}
    assert await sweep(database, store) == 0
    assert await sweep(database, store, grace=timedelta(seconds=-5)) == 1
    assert _files(tmp_path) == {*kept, *foreign}


def _files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
