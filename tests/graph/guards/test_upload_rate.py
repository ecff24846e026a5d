"""The rate of a key's uploads: counted on every transport, in small pieces, each key for itself."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from python_multipart.multipart import MultipartParser

from graph.guards.upload_rate import UploadRate
from graph.wire.large_json import SLICE_BYTES
from tests.client import SEND, Client
from tests.graph.edge import bare_socket, init, noise, operate

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: About 250 kB, of 300 kB that the API takes.
RECORDING = noise(8)

PIECE = 65_536


@dataclass
class Time:
    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))


async def test_a_burst_is_free_and_more_is_read_at_the_rate() -> None:
    time, key, other = Time(), uuid4(), uuid4()
    rate = UploadRate(1_000, burst=5_000, clock=lambda: time.now, sleep=time.sleep)
    await rate.take(key, 5_000)
    assert time.slept == []
    await rate.take(key, 500)
    await rate.take(key, 500)  # two bodies at once wait for each other
    await rate.take(other, 5_000)
    assert time.slept == [0.5, 1.0]
    time.now += 3.5  # what was not used is there again
    await rate.take(key, 2_500)
    await rate.take(key, 100)
    assert time.slept == [0.5, 1.0, 0.1]
    time.now += 1_000_000
    await rate.take(key, 5_000)
    await rate.take(key, 1)
    assert time.slept[3:] == [0.001]


async def test_no_rate() -> None:
    time = Time()
    rate = UploadRate(0, burst=5_000, clock=lambda: time.now, sleep=time.sleep)
    await rate.take(uuid4(), 10**12)
    assert time.slept == []


@pytest.fixture
def charged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[UUID, int]]:
    found: list[tuple[UUID, int]] = []

    async def take(_: UploadRate, key_id: UUID, size: int) -> None:
        found.append((key_id, size))

    monkeypatch.setattr(UploadRate, "take", take)
    return found


def content(session: str) -> dict[str, Any]:
    audio = {"base64": base64.b64encode(RECORDING).decode(), "mimeType": "audio/wav"}
    return {"input": {"sessionId": session, "content": {"audio": audio}}}


async def send_json(client: Client, session: str) -> Any:
    return (await client.http.post("/graphql", json={"query": SEND, "variables": content(session)})).json()["data"]


async def send_chunked(client: Client, session: str) -> Any:
    body = json.dumps({"query": SEND, "variables": content(session)}).encode()

    async def chunks() -> Any:
        yield body

    headers = {"Content-Type": "application/json"}
    return (await client.http.post("/graphql", content=chunks(), headers=headers)).json()["data"]


async def send_form(client: Client, session: str) -> Any:
    variables = {"input": {"sessionId": session, "content": {"upload": None}}}
    operations = json.dumps({"query": SEND, "variables": variables})
    fields = {"operations": operations, "map": '{"0": ["variables.input.content.upload"]}'}
    files = {"0": ("a.wav", RECORDING, "audio/wav")}
    return (await client.http.post("/graphql", data=fields, files=files)).json()["data"]


async def send_message(client: Client, session: str) -> Any:
    async with bare_socket(client.base) as socket:
        await socket.send(init(client))
        await socket.recv()
        return (await operate(socket, SEND, **content(session)))[0]["payload"]["data"]


@pytest.mark.parametrize("send", [send_json, send_chunked, send_form, send_message])
async def test_every_transport_is_counted(send: Any, acme: Client, charged: list[tuple[UUID, int]]) -> None:
    session = await acme.create_session()
    charged.clear()
    async with asyncio.timeout(20):
        assert (await send(acme, session))["sendMessage"]["turn"]["id"]
    assert len({key_id for key_id, _ in charged}) == 1
    assert sum(size for _, size in charged) >= len(RECORDING)
    if send is not send_message:
        assert max(size for _, size in charged) <= PIECE


@pytest.mark.parametrize("send", [send_json, send_message])
async def test_a_recording_is_not_parsed_at_once(send: Any, acme: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    decode = json.JSONDecoder.decode

    def counted(self: json.JSONDecoder, s: str, **more: Any) -> Any:
        parsed.append(len(s))
        return decode(self, s, **more)

    monkeypatch.setattr(json.JSONDecoder, "decode", counted)
    session = await acme.create_session()
    assert (await send(acme, session))["sendMessage"]["turn"]["id"]
    assert max(parsed) <= SLICE_BYTES + 2


async def test_base64_is_not_decoded_in_another_thread(acme: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the GIL, for which the event loop would wait 5 ms each time (``sys.getswitchinterval``)."""
    threads: set[int] = set()
    decode = base64.b64decode

    def told(text: Any, **more: Any) -> bytes:
        threads.add(threading.get_ident())
        return decode(text, **more)

    session = await acme.create_session()
    monkeypatch.setattr(base64, "b64decode", told)
    monkeypatch.setattr("graph.api.message_content._PIECE", 100_000)
    assert (await send_json(acme, session))["sendMessage"]["turn"]["id"]
    assert threads == {threading.get_ident()}


async def test_a_form_is_parsed_in_pieces(acme: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    write = MultipartParser.write

    def counted(self: MultipartParser, data: bytes) -> int:
        written.append(len(data))
        return write(self, data)

    monkeypatch.setattr(MultipartParser, "write", counted)
    assert (await send_form(acme, await acme.create_session()))["sendMessage"]["turn"]["id"]
    assert sum(written) > len(RECORDING)
    assert max(written) <= PIECE


async def test_a_form_of_false_boundaries_counts_more(acme: Client, charged: list[tuple[UUID, int]]) -> None:
    lines = b"\r\n--x" * 20_000
    files = {"0": ("a.wav", lines, "audio/wav")}
    fields = {"operations": json.dumps({"query": "{ viewer { tenant } }"}), "map": '{"0": []}'}
    await acme.http.post("/graphql", data=fields, files=files)
    assert sum(size for _, size in charged) > 20 * len(lines)


async def test_each_message_of_a_socket_counts(acme: Client, charged: list[tuple[UUID, int]]) -> None:
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        charged.clear()
        for _ in range(3):
            await socket.send('{"type": "ping"}')
            await socket.recv()
    assert [size for _, size in charged] == [4_096] * 3
