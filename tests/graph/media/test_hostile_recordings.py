"""Recordings that would take minutes to decode are refused, without delay for other tenants."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from inference.audio.wav import encode_wav
from tests.client import SEND, Client
from tests.conftest import cloned
from tests.db.audio.bombs import id3_of_tags, wav_of_chunks, webm_of_tags
from tests.db.encode import encode
from tests.graph.edge import Edge, code_of, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(postgres: str) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url, max_audio_bytes=3_000_000) as running:
        yield running


WAV = encode_wav((0.3 * np.sin(np.arange(8_000) / 10)).astype(np.float32), 8_000)


async def send(client: Client, session: str, data: bytes, key: str) -> dict[str, Any]:
    content = {"audio": {"base64": base64.b64encode(data).decode(), "mimeType": "audio/any"}}
    return await client.post(SEND, input={"sessionId": session, "content": content, "idempotencyKey": key})


async def test_one_tenants_bombs_do_not_keep_another_waiting(acme: Client, rival: Client) -> None:
    bomb = webm_of_tags(20_000)  # half a minute of CPU
    mine, others = await acme.create_session(), await rival.create_session()
    bombs = [asyncio.create_task(send(acme, mine, bomb, f"bomb-{number}")) for number in range(3)]
    await asyncio.sleep(0.3)
    for number in range(5):
        assert "errors" not in await send(rival, others, WAV, f"wav-{number}")
        assert "errors" not in await rival.post(
            SEND, input={"sessionId": others, "content": {"text": "hello"}, "idempotencyKey": f"text-{number}"}
        )
    assert not bombs[-1].done()
    for each in bombs:
        each.cancel()
    await asyncio.gather(*bombs, return_exceptions=True)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (wav_of_chunks(200_000), "AUDIO_UNREADABLE"),
        (id3_of_tags(0) * 200_000, "AUDIO_UNREADABLE"),
        (id3_of_tags(30_000) + encode("mp3", "libmp3lame", rate=44_100, seconds=0.2), None),
    ],
    ids=["chunks", "empty tags", "tags"],
)
async def test_metadata_costs_nothing(acme: Client, data: bytes, code: str | None) -> None:
    answer = await send(acme, await acme.create_session(), data, "key")
    assert code_of(answer) == code if code else "errors" not in answer


async def test_no_recording_is_decoded_for_a_session_that_does_not_take_it(acme: Client, rival: Client) -> None:
    bomb = webm_of_tags(20_000)  # it would be AUDIO_UNREADABLE, after some seconds
    foreign, ended = await rival.create_session(), await acme.create_session()
    await acme.run("mutation($id: ID!) { endSession(input: {sessionId: $id}) { session { id } } }", id=ended)
    assert code_of(await send(acme, foreign, bomb, "key")) == "NOT_FOUND"
    assert code_of(await send(acme, ended, bomb, "key")) == "SESSION_ENDED"
