"""Oversized requests are refused as early as possible, without reading the whole body."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.client import Client
from tests.graph.edge import Edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 300_000 * 4 // 3 + 100_000
PIECE = b"a" * 50_000
#: What may be on its way when the server stops reading: in its own buffers and in the kernel's.
ON_ITS_WAY = 8_000_000
#: What the server throws away of a body that it answered without reading.
THROWN_AWAY = 40_000_000


def head(client: Client, path: str, *lines: str) -> bytes:
    host = urlsplit(client.base).netloc
    given = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Authorization: {client.headers['Authorization']}", *lines]
    return "\r\n".join([*given, "", ""]).encode()


async def answered(client: Client, request: bytes, pieces: Iterable[bytes]) -> tuple[int, dict[str, Any], int]:
    """Sends until the server answers or there is nothing left: the status, the body, and how much was sent."""
    sent = 0
    async with asyncio.timeout(10), connected(client) as (reader, writer), asyncio.TaskGroup() as group:
        writer.write(request)
        reading = group.create_task(_answer(reader))
        with suppress(ConnectionError):
            for piece in pieces:
                if writer.is_closing():
                    break
                writer.write(piece)
                sent += len(piece)
                await writer.drain()
        status, body = await reading
    return status, body, sent


@asynccontextmanager
async def connected(client: Client) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that is closed also when the test fails: an open one fails whatever test runs next."""
    address = urlsplit(client.base)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    top = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert b"connection: close" in top
    (length,) = [line.split(b":")[1] for line in top.splitlines() if line.startswith(b"content-length:")]
    return int(top.split()[1]), json.loads(await reader.readexactly(int(length)))


def refused(status: int, body: dict[str, Any]) -> None:
    assert status == 413
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "PAYLOAD_TOO_LARGE"
    assert str(LIMIT) in error["message"]


@pytest.mark.parametrize("path", ["/graphql", "/mcp", "/nowhere"])
@pytest.mark.parametrize("length", [str(LIMIT + 1), str(10**15)])
async def test_a_length_that_is_too_large_is_enough(edge: Edge, acme: Client, path: str, length: str) -> None:
    before = await edge.rows()
    request = head(acme, path, "Content-Type: application/json", f"Content-Length: {length}")
    status, body, sent = await answered(acme, request, [])
    refused(status, body)
    assert sent == 0
    assert await edge.rows() == before


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x"])
async def test_a_body_without_a_length_is_counted(edge: Edge, acme: Client, content_type: str) -> None:
    before = await edge.rows()
    request = head(acme, "/graphql", f"Content-Type: {content_type}", "Transfer-Encoding: chunked")
    chunk = f"{len(PIECE):x}\r\n".encode() + PIECE + b"\r\n"
    start = b'--x\r\nContent-Disposition: form-data; name="0"; filename="a"\r\n\r\n'
    first = f"{len(start):x}\r\n".encode() + start + b"\r\n"
    status, body, sent = await answered(acme, request, [first, *[chunk] * 1000])
    refused(status, body)
    assert sent < 2 * LIMIT + ON_ITS_WAY
    assert await edge.rows() == before


async def test_a_refused_client_may_finish(acme: Client) -> None:
    """A connection that is closed on a client who still sends is reset, and many lose the answer with it."""
    async with asyncio.timeout(10), connected(acme) as (reader, writer):
        writer.write(head(acme, "/graphql", "Content-Type: application/json", f"Content-Length: {LIMIT + 1}"))
        refused(*await _answer(reader))
        for _ in range(LIMIT // len(PIECE)):
            writer.write(PIECE)
            await writer.drain()
            await asyncio.sleep(0.01)  # long enough for a reset to come back
        writer.write(b"a")
        assert await reader.read() == b""


@pytest.mark.parametrize("pause", [0, 0.2], ids=["fast", "slow"])
async def test_what_is_refused_before_its_body_is_looked_at_is_not_read_for_ever(acme: Client, pause: float) -> None:
    """A method that a resource does not take is told at once; what the client goes on sending then has an end."""
    async with asyncio.timeout(10), connected(acme) as (reader, writer):
        writer.write(head(acme, "/healthz", f"Content-Length: {10**15}"))
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 405 ")
        sent = 0
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(PIECE)
                sent += len(PIECE)
                await writer.drain()
                await asyncio.sleep(pause)
        assert sent < THROWN_AWAY + ON_ITS_WAY


async def test_a_body_that_just_fits_is_read(acme: Client) -> None:
    query = json.dumps({"query": "{ viewer { tenant } }", "extensions": {"a": ""}})
    padded = query.replace('""', f'"{"a" * (LIMIT - len(query))}"').encode()
    assert len(padded) == LIMIT
    answer = await acme.http.post("/graphql", content=padded, headers={"Content-Type": "application/json"})
    assert answer.json()["data"]["viewer"]
