"""The recording of a call over Postgres: segments, their fence, one audio at the end, also after a process died."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, text

from db.audio.store import AudioStore, open_audio_store
from db.calls import recordings
from db.calls.sweep import find_stale, sweep
from db.commands import calls
from db.enums import AudioKind, CallEndReason, LiveCallStatus
from db.models.audio import Audio
from db.models.calls import Call
from db.postgres.database import Database
from db.viewer import Viewer
from inference.audio.opus import OpusEncoder
from inference.journal.call_record import DatabaseCallRecord
from inference.journal.call_recordings import store_left, store_recording
from inference.journal.call_records import CallRecords
from inference.ports import SAMPLE_RATE, Superseded
from tests.db.calls.rows import call_of, open_call
from tests.db.rows import STORE, eventually, open_session, scalar
from tests.inference.journal.test_call_record import process
from tests.inference.live.recordings import click, clicks, sides

_SEGMENTS = "select count(*)::int from call_recordings"
_VERSION = "select last_seq || ':' || xmin::text from sessions"


@pytest.fixture
async def records(database: Database) -> AsyncIterator[CallRecords]:
    async with process(database) as opened:
        yield opened


@pytest.fixture
async def call(database: Database, viewer: Viewer) -> Call:
    return await open_call(database, viewer, await open_session(database, viewer), record=True)


async def connected(records: CallRecords, call: Call) -> DatabaseCallRecord:
    class Ticket:
        tenant_id, call_id = call.tenant_id, call.id

    return await records.connect(Ticket())


class Sound:
    """Seconds of a call with a click 0.5 s into each, by turns on either side."""

    def __init__(self) -> None:
        self._encoder = OpusEncoder()

    def second(self, number: int) -> bytes:
        samples = np.zeros((SAMPLE_RATE, 2), np.float32)
        samples[:, number % 2] = click(1, SAMPLE_RATE, at=0.5)
        return self._encoder.encode(samples)


async def spoken(record: DatabaseCallRecord, *seconds: int, sound: Sound | None = None) -> None:
    sound = sound or Sound()
    for number in seconds:
        await record.recorded(number * 1000, 1000, sound.second(number))


async def audio_of(database: Database, call: Call) -> Audio | None:
    async with database.reading() as session:
        return await session.scalar(select(Audio).where(Audio.call_id == call.id))


async def heard(database: Database, call: Call, store: AudioStore = STORE) -> tuple[list[float], list[float]]:
    """The times of the clicks in the stored recording, of either side."""
    audio = await audio_of(database, call)
    assert audio is not None
    caller, assistant = sides(await store.get(database, audio.store_key, 0, audio.size_bytes))
    return clicks(caller), clicks(assistant)


async def test_the_recording_is_stored_when_the_call_ends(database: Database, call: Call, records: CallRecords) -> None:
    record = await connected(records, call)
    assert (record.state.record, record.state.recorded_ms) == (True, 0)
    await spoken(record, 0, 1, 2, 3)
    assert await scalar(database, "select elapsed_ms from calls") == 4000
    record.recording_complete()  # it has not ended
    await asyncio.sleep(0.05)
    assert await audio_of(database, call) is None
    await record.end(CallEndReason.CALLER)
    before = await scalar(database, _VERSION)
    record.recording_complete()
    await eventually(lambda: audio_of(database, call))
    audio = await audio_of(database, call)
    assert audio is not None
    assert (audio.kind, audio.session_id, audio.turn_id) == (AudioKind.CALL, call.session_id, None)
    assert (audio.mime_type, audio.duration_ms) == ("audio/ogg", 4000)
    assert await scalar(database, _SEGMENTS) == 0
    assert await scalar(database, _VERSION) != before, "cached reads see it"
    caller, assistant = await heard(database, call)
    assert caller == pytest.approx([0.5, 2.5], abs=0.02)
    assert assistant == pytest.approx([1.5, 3.5], abs=0.02)


async def test_a_call_that_did_not_ask_is_not_recorded(
    database: Database, viewer: Viewer, records: CallRecords
) -> None:
    other = await open_call(database, viewer, await open_session(database, viewer))
    record = await connected(records, other)
    assert not record.state.record
    with pytest.raises(Superseded):
        await spoken(record, 0)
    assert await scalar(database, _SEGMENTS) == 0


async def test_the_last_seconds_of_a_call_that_was_closed_are_kept(
    database: Database, viewer: Viewer, call: Call, records: CallRecords
) -> None:
    record = await connected(records, call)
    sound = Sound()
    await spoken(record, 0, sound=sound)
    async with database.transaction() as session:
        await calls.close_call(session, viewer, call_id=call.id)
    await spoken(record, 1, sound=sound)
    record.recording_complete()
    await eventually(lambda: audio_of(database, call))
    caller, assistant = await heard(database, call)
    assert [*caller, *assistant] == pytest.approx([0.5, 1.5], abs=0.02)
    with pytest.raises(Superseded):  # it is too late
        await spoken(record, 2, sound=sound)
    assert await scalar(database, _SEGMENTS) == 0


async def test_another_process_continues_the_recording_and_fences_the_first(
    database: Database, call: Call, records: CallRecords
) -> None:
    first = await connected(records, call)
    await spoken(first, 0, 1)
    async with process(database) as others:
        second = await connected(others, call)
        assert (second.state.recorded_ms, second.state.elapsed_ms) == (2000, 2000)
        with pytest.raises(Superseded):
            await spoken(first, 2)
        await spoken(second, 3)  # a second is lost
        await second.end(CallEndReason.CALLER)
        second.recording_complete()
        await eventually(lambda: audio_of(database, call))
    caller, assistant = await heard(database, call)
    assert caller == pytest.approx([0.5], abs=0.02)
    assert assistant == pytest.approx([1.5, 3.5], abs=0.02)


@pytest.mark.parametrize("kind", ["table", "files"])
async def test_what_a_process_that_died_had_stored_is_the_recording(
    database: Database, call: Call, tmp_path: Path, kind: str
) -> None:
    store = STORE if kind == "table" else open_audio_store((tmp_path / "audio").as_uri())
    async with process(database) as records:
        await spoken(await connected(records, call), 0, 1, 2)
    old = "update calls set heartbeat_at = now() - interval '1 hour', dropped_at = now() - interval '1 hour'"
    for _ in range(2):  # dropped, then ended
        async with database.transaction() as session:
            await session.execute(text(old))
        async with database.transaction() as session:
            for ids in await find_stale(session, lost_seconds=10, limit=10):
                await sweep(session, *ids, lost_seconds=10)
    assert (await call_of(database, call.id)).status is LiveCallStatus.ENDED
    await store_left(database, store)
    assert await audio_of(database, call) is None, "its own process might do so still"
    await store_left(database, store, after_seconds=0)
    caller, assistant = await heard(database, call, store)
    assert [*caller, *assistant] == pytest.approx([0.5, 2.5, 1.5], abs=0.02)
    assert await scalar(database, _SEGMENTS) == 0


async def test_two_processes_store_one_recording(database: Database, call: Call, records: CallRecords) -> None:
    record = await connected(records, call)
    await spoken(record, 0, 1)
    await record.end(CallEndReason.CALLER)
    done = await asyncio.gather(*(store_recording(database, STORE, call.id) for _ in range(3)))
    assert any(done)
    assert await scalar(database, "select count(*)::int from audio") == 1
    assert await scalar(database, "select count(*)::int from audio_blobs") == 1
    assert await scalar(database, _SEGMENTS) == 0


async def test_a_segment_that_comes_while_the_file_is_made_is_in_it(
    database: Database, call: Call, records: CallRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await connected(records, call)
    sound = Sound()
    await spoken(record, 0, sound=sound)
    await record.end(CallEndReason.CALLER)
    read = recordings.read
    late = [1]

    async def reading(*given: object, **more: object) -> object:
        found = await read(*given, **more)  # type: ignore[arg-type]
        if late and not found:
            await spoken(record, late.pop(), sound=sound)
        return found

    monkeypatch.setattr(recordings, "read", reading)
    assert await store_recording(database, STORE, call.id)
    caller, assistant = await heard(database, call)
    assert [*caller, *assistant] == pytest.approx([0.5, 1.5], abs=0.02)
