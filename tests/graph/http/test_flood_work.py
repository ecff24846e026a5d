"""Event loop work for refused bytes, counted instead of timed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.frames import Frame
from websockets.server import ServerProtocol

from graph.http import http_protocol
from graph.http.discarding import Discarding
from graph.http.http_protocol import HttpProtocol
from tests.client import Client
from tests.graph.edge import Edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEGABYTE = b"a" * 1_000_000


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the protocol was called since."""
    counted: Counter[str] = Counter()

    def counting(kind: type, name: str) -> Callable[..., Any]:
        original = getattr(kind, name)

        def call(*given: Any) -> Any:
            counted[name] += 1
            return original(*given)

        return call

    for kind, name in (
        (HttpProtocol, "on_header"),
        (HttpProtocol, "on_body"),
        (HttpProtocol, "data_received"),
        (Discarding, "_take_turns"),
    ):
        monkeypatch.setattr(kind, name, counting(kind, name))
    return counted


async def connect(edge: Edge) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(edge.address)
    return await asyncio.open_connection(address.hostname, address.port)


async def test_a_head_is_not_parsed_further_once_it_is_refused(edge: Edge, calls: Counter[str]) -> None:
    reader, writer = await connect(edge)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 100_000)
    answer = await asyncio.wait_for(reader.read(-1), 10)
    writer.close()
    assert b" 431 " in answer
    assert calls["on_header"] <= 102


@pytest.mark.parametrize("path", [b"/graphql", b"/healthz"])
async def test_a_body_of_thousands_of_tiny_chunks_is_parsed_no_further(
    edge: Edge, acme: Client, calls: Counter[str], path: bytes
) -> None:
    key = acme.headers["Authorization"].encode()
    reader, writer = await connect(edge)
    writer.write(b"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n" % (path, key))
    writer.write(b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 100_000)
    with suppress(ConnectionError):
        await asyncio.wait_for(reader.read(-1), 10)
    writer.close()
    assert calls["on_body"] <= 5_000


async def test_small_chunks_are_taken_where_they_are_few(edge: Edge, acme: Client) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"query": "{ viewer { tenant } }"'
        for _ in range(1_000):
            yield b" "
        yield b"}"

    answer = await acme.http.post("/graphql", content=pieces(), headers={"content-type": "application/json"})
    assert answer.json()["data"]["viewer"]


async def test_bodies_that_nobody_waits_for_are_read_by_turns(edge: Edge, calls: Counter[str]) -> None:
    connections, megabytes = 12, 6
    accepting = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    accepting += b"Accept: application/graphql-response+json\r\n"
    head = accepting + b"Content-Length: %d\r\n\r\n" % (megabytes * 1_000_000)

    async def send() -> bytes:
        reader, writer = await connect(edge)
        writer.write(head)
        for _ in range(megabytes):
            writer.write(MEGABYTE)
            await writer.drain()
        answer = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        return answer

    answers = await asyncio.gather(*(send() for _ in range(connections)))
    assert {answer.split()[1] for answer in answers} == {b"401"}
    # before the answer a connection is read once or twice, and once more at its end
    assert calls["data_received"] <= 4 * calls["_take_turns"] + 4 * connections


async def test_a_request_behind_another_is_not_thrown_away(
    edge: Edge, acme: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "_LINGER_SECONDS", 0.1)
    body = b'{"query": "{ viewer { tenant } }"}' + b" " * 200_000
    key = acme.headers["Authorization"].encode()
    reader, writer = await connect(edge)
    writer.write(
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"Authorization: %s\r\nContent-Length: %d\r\n\r\n" % (key, len(body))
    )
    writer.write(body[:100_000])
    await asyncio.sleep(2.5)  # deadlines are looked at once a second
    with suppress(ConnectionError):
        writer.write(body[100_000:])
        await writer.drain()
    answers = await asyncio.wait_for(reader.read(-1), 10)
    writer.close()
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert b'"tenant"' in answers


@pytest.mark.parametrize("kind", [b"\x89", b"\x8a"], ids=["ping", "pong"])
async def test_a_flood_of_websocket_pings_is_parsed_no_further(
    edge: Edge, kind: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = 0
    recv_frame = ServerProtocol.recv_frame

    def counted(self: ServerProtocol, frame: Frame) -> None:
        nonlocal frames
        frames += 1
        recv_frame(self, frame)

    monkeypatch.setattr(ServerProtocol, "recv_frame", counted)
    reader, writer = await connect(edge)
    writer.write(
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.write((kind + b"\x80\0\0\0\0") * 50_000)
    with suppress(ConnectionError):
        answer = await asyncio.wait_for(reader.read(-1), 10)
        assert b"\x03\xf0More than" in answer  # 1008
    writer.close()
    assert frames < 2_000
