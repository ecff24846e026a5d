"""Contract tests of the audio stores: table, files, memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import insert

from db.audio.store import AudioStore, audio_key, open_audio_store
from db.errors import BadUserInput, NotFound
from db.ids import new_id
from db.models.audio import AudioBlob
from db.postgres.database import Database

_AUDIO = bytes(range(256)) * 2000


@pytest.fixture(params=["table", "file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> AudioStore:
    urls = {"table": None, "file": (tmp_path / "made" / "when needed").as_uri(), "memory": "memory:///"}
    return open_audio_store(urls[request.param])


async def put(database: Database, store: AudioStore, data: bytes) -> str:
    key = audio_key(new_id(), new_id())
    blob = await store.upload(key, data)
    if blob is not None:
        async with database.transaction() as session:
            await session.execute(insert(AudioBlob).values(key=key, data=blob))
    return key


_RANGES = [(0, len(_AUDIO)), (0, 1), (255, 257), (1000, 300_000), (len(_AUDIO) - 1, len(_AUDIO)), (5, 10**9)]


async def test_any_range_of_an_audio_is_returned(database: Database, store: AudioStore) -> None:
    key = await put(database, store, _AUDIO)
    for start, end in _RANGES:
        assert await store.get(database, key, start, end) == _AUDIO[start:end]


async def test_each_key_has_its_own_bytes(database: Database, store: AudioStore) -> None:
    keys = [await put(database, store, bytes([number]) * 10) for number in range(3)]
    assert [await store.get(database, key, 0, 10) for key in keys] == [bytes([n]) * 10 for n in range(3)]


async def test_an_unknown_key_is_not_found(database: Database, store: AudioStore) -> None:
    await put(database, store, _AUDIO)
    for key in ("nothing", "a/b/c", "%2e%2e/x", "x" * 250):
        with pytest.raises(NotFound):
            await store.get(database, key, 0, 1)


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://host/path", "http://", "file://host/path", os.devnull])
def test_a_url_of_no_object_store_is_refused(url: str) -> None:
    with pytest.raises(BadUserInput, match="VOXLOOM_AUDIO_STORE_URL must be"):
        open_audio_store(url)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadUserInput):
        open_audio_store((tmp_path / "file" / "below").as_uri())
