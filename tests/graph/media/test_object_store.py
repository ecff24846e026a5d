"""Audio in an object store that is slow, fails or loses objects: no other request waits, and no turn is lost."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest

from db.audio.decoder_pool import DecoderPool
from db.audio.store import AudioStore
from db.postgres.database import Database
from db.viewer import Viewer
from graph.settings import ApiSettings
from inference.audio.wav import encode_wav
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.ports import JournalLost
from inference.tools.client import McpToolBox
from inference.turn.limits import TurnLimits
from inference.worker.runner import TurnRunner
from tests.client import Client, GraphQLFailed
from tests.conftest import lent, served
from tests.db.rows import everything, open_session, say, scalar
from tests.object_store import ObjectStoreServer, object_store

_WAV = encode_wav((0.3 * np.sin(np.arange(16_000) / 10)).astype(np.float32), 16_000)
_AUDIO = {"audio": {"base64": base64.b64encode(_WAV).decode(), "mimeType": "audio/wav"}}

Bucket = tuple[ObjectStoreServer, AudioStore]


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    async with object_store(monkeypatch) as opened:
        yield opened


@pytest.fixture
async def client(bucket: Bucket, api_settings: ApiSettings, key: str) -> AsyncIterator[Client]:
    settings = api_settings.model_copy(update={"audio_store_url": "s3://bucket"})
    async with served(settings) as address, Client(address, key) as opened:
        yield opened


async def test_an_upload_that_takes_long_locks_nothing(bucket: Bucket, client: Client, database: Database) -> None:
    server, _ = bucket
    session = await client.create_session()
    server.open.clear()
    uploading = asyncio.create_task(client.send(session, _AUDIO))
    while not server.puts:  # noqa: ASYNC110 - what it waits for happens in the server
        await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        assert (await client.send(session, {"text": "hello"}))["number"] == 1
    idle = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in trans%'"
    assert await scalar(database, idle) == 0
    server.open.set()
    turn = await uploading
    assert turn["number"] == 2
    async with httpx.AsyncClient() as http:
        assert (await http.get(turn["userMessage"]["audio"]["url"])).content == _WAV


async def test_a_store_that_is_away_is_told_and_nothing_is_half_written(
    bucket: Bucket, client: Client, database: Database
) -> None:
    server, _ = bucket
    session = await client.create_session()
    before = await everything(database)
    server.failures = 100
    with pytest.raises(GraphQLFailed) as refused:
        await client.send(session, _AUDIO, idempotencyKey="k")
    assert refused.value.code == "AUDIO_STORE_UNAVAILABLE"
    assert refused.value.errors[0]["extensions"]["retryAfterSeconds"] > 0
    assert await everything(database) == before
    server.failures = 0
    turn = await client.send(session, _AUDIO, idempotencyKey="k")
    url = turn["userMessage"]["audio"]["url"]
    server.failures = 100
    async with httpx.AsyncClient() as http:
        answer = await http.get(url)
    assert (answer.status_code, answer.headers["x-code"]) == (503, "AUDIO_STORE_UNAVAILABLE")


async def test_what_is_refused_or_known_is_not_uploaded(
    bucket: Bucket, client: Client, database: Database, other_key: str
) -> None:
    server, _ = bucket
    session = await client.create_session()
    turns = [await client.send(session, _AUDIO, idempotencyKey="k") for _ in range(3)]
    assert len({turn["id"] for turn in turns}) == 1
    assert len(server.objects) == server.puts == 1
    async with Client(client.base, other_key) as stranger:
        with pytest.raises(GraphQLFailed, match="NOT_FOUND"):
            await stranger.send(session, _AUDIO)
    await client.run("mutation($id: ID!) { endSession(input: {sessionId: $id}) { session { id } } }", id=session)
    with pytest.raises(GraphQLFailed, match="SESSION_ENDED"):
        await client.send(session, _AUDIO)
    assert await client.send(session, _AUDIO, idempotencyKey="k") == turns[0]
    assert server.puts == 1


async def test_a_put_whose_answer_was_lost_makes_no_second_object(
    bucket: Bucket, client: Client, database: Database
) -> None:
    server, _ = bucket
    server.lost = 2
    await client.send(await client.create_session(), _AUDIO)
    assert server.puts == 3
    assert list(server.objects) == [await scalar(database, "select store_key from audio")]


def _runner(database: Database, store: AudioStore, toolbox: McpToolBox, **options: Any) -> TurnRunner:
    engines = lent(FakeTranscriber(), FakeChatModel(), FakeSynthesizer())
    limits = TurnLimits(recording_seconds=60, stall_seconds=10, stage_seconds=30, tool_seconds=10)
    return TurnRunner(database, store, engines=engines, toolbox=toolbox, limits=limits, **options)


async def test_a_turn_outlasts_a_store_that_is_away_for_a_while(
    bucket: Bucket, database: Database, viewer: Viewer
) -> None:
    server, store = bucket
    turn_id = await say(database, viewer, await open_session(database, viewer), "hello there. how are you?")
    server.failures, server.lost = 6, 2  # more than one request tries
    async with McpToolBox(database) as toolbox, DecoderPool(1, wait_seconds=10) as decoder:
        await _runner(database, store, toolbox, decoder=decoder, patience_seconds=30).run(turn_id)
    assert await scalar(database, "select status from turns") == "COMPLETED"
    assert await scalar(database, "select attempt from turns") == 1
    named = await scalar(database, "select array_agg(store_key) from audio")
    assert sorted(server.objects) == sorted(named)
    assert await scalar(database, "select count(*) from audio_blobs") == 0


async def test_a_store_that_stays_away_ends_the_attempt_and_not_the_turn(
    bucket: Bucket, database: Database, viewer: Viewer
) -> None:
    server, store = bucket
    turn_id = await say(database, viewer, await open_session(database, viewer))
    server.failures = 1000
    async with McpToolBox(database) as toolbox, DecoderPool(1, wait_seconds=10) as decoder:
        with pytest.raises(JournalLost):
            await _runner(database, store, toolbox, decoder=decoder, patience_seconds=0).run(turn_id)
        assert await scalar(database, "select status from turns") == "RUNNING"
        server.failures = 0
        await _runner(database, store, toolbox, decoder=decoder, patience_seconds=0).run(turn_id)
    assert await scalar(database, "select status from turns") == "COMPLETED"
