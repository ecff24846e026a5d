"""The attacks of `tests.bench.attack`: each runs until it is cancelled.

Bounded at any time: in connections by the number of its senders, in bytes by what one sender has in hand.
"""

from __future__ import annotations

import asyncio
import base64
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

import httpx

#: Attackers come from an address of their own, whose limits are not those of the measured tenant.
ADDRESS = "127.0.0.2"

CREATE = 'mutation { createSession(input: {customerId: "c"}) { session { id } } }'
_SEND = "mutation($i: SendMessageInput!) { sendMessage(input: $i) { turn { id } } }"

_MEGABYTE = b"a" * 1_000_000
_UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
_FRAME = b"\x81\xff" + struct.pack(">Q", 49_000_000) + b"\0\0\0\0"
_POST = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 33000000\r\n\r\n"
_HALF = b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-A: "

_TAGS = 100_000
_SENDERS_OF_RECORDINGS = 8


@dataclass(slots=True)
class Target:
    """Who is attacked, with the key of a tenant; ``connections`` and ``bytes`` count what was sent."""

    port: int
    key: str
    connections: int = 0
    bytes: int = 0

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(ADDRESS, 0))
        self.connections += 1
        try:
            yield reader, writer
        finally:
            writer.close()

    def client(self, **headers: str) -> httpx.AsyncClient:
        transport = httpx.AsyncHTTPTransport(local_address=ADDRESS)
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", transport=transport, headers=headers, timeout=60
        )


async def _again(senders: int, send: Callable[[], Awaitable[None]]) -> None:
    async def go_on() -> None:
        while True:
            with suppress(OSError, TimeoutError, httpx.HTTPError):
                await send()
            await asyncio.sleep(0)  # what ends at once must not keep the others waiting

    async with asyncio.TaskGroup() as tasks:
        for _ in range(senders):
            tasks.create_task(go_on())


async def _pour(target: Target, start: bytes, piece: bytes, times: int) -> None:
    """Sends until the server hangs up."""
    async with target.connected() as (_, writer):
        writer.write(start)
        for _ in range(times):
            writer.write(piece)
            async with asyncio.timeout(5):  # wait_for may swallow the end of the window
                await writer.drain()
            if writer.is_closing():
                return
            target.bytes += len(piece)


async def _frames(target: Target) -> None:
    await _again(60, partial(_pour, target, _UPGRADE + _FRAME, _MEGABYTE, 48))


async def _heads(target: Target) -> None:
    many = b"X: a\r\n" * 100_000
    await asyncio.gather(
        _again(10, partial(_pour, target, b"GET /", _MEGABYTE, 50)),
        _again(10, partial(_pour, target, b"GET / HTTP/1.1\r\nX: ", _MEGABYTE, 50)),
        _again(10, partial(_pour, target, b"GET / HTTP/1.1\r\n", many, 50)),
    )


async def _bodies(target: Target) -> None:
    await _again(30, partial(_pour, target, _POST, _MEGABYTE, 32))


async def _half_heads(target: Target) -> None:
    """As many as may be open from one address are held, and others are opened all the time."""

    async def hold() -> None:
        async with target.connected() as (reader, writer):
            writer.write(_HALF)
            target.bytes += len(_HALF)
            await reader.read()

    await _again(1_050, hold)


async def _wrong_keys(target: Target) -> None:
    numbers = iter(range(1_000_000_000))

    async def ask(client: httpx.AsyncClient) -> None:
        number = next(numbers)
        headers = {"Authorization": f"Bearer wrong-{number}", "Accept": "text/event-stream"}
        query = f'subscription s{number} {{ sessionEvents(sessionId: "a") {{ seq }} }}'
        await _posted(target, client, {"query": query}, headers)

    async with target.client() as client:
        await _again(10, partial(ask, client))


async def _probes(target: Target) -> None:
    async def ask(client: httpx.AsyncClient) -> None:
        await client.get("/readyz")
        target.connections += 1

    async with target.client() as client:
        await _again(10, partial(ask, client))


async def _recordings(target: Target) -> None:
    """MP3s of many tags, whose reading takes FFmpeg a minute."""
    tags = b"".join(_tag(f"{number:06d}") for number in range(_TAGS))
    audio = b"ID3\x03\0\0" + _synchsafe(len(tags)) + tags + b"\xff\xfb\x90\x00" + b"\0" * 413
    recording = {"base64": base64.b64encode(audio).decode(), "mimeType": "audio/mpeg"}
    async with target.client(Authorization=f"Bearer {target.key}") as client:
        created = (await client.post("/graphql", json={"query": CREATE})).json()
        session = created["data"]["createSession"]["session"]["id"]
        body = {"query": _SEND, "variables": {"i": {"sessionId": session, "content": {"audio": recording}}}}

        async def send() -> None:
            await _posted(target, client, body, {})
            await asyncio.sleep(0.1)  # a refusal comes at once, and the body is 3 MB

        await _again(_SENDERS_OF_RECORDINGS, send)


async def _posted(target: Target, client: httpx.AsyncClient, body: object, headers: dict[str, str]) -> None:
    answer = await client.post("/graphql", json=body, headers=headers)
    target.connections += 1
    target.bytes += int(answer.request.headers["content-length"])


def _tag(value: str) -> bytes:
    """An ID3v2.3 TXXX frame (https://id3.org/id3v2.3.0, section 4.2.2)."""
    text = b"\0" + value.encode() + b"\0a"
    return b"TXXX" + len(text).to_bytes(4, "big") + b"\0\0" + text


def _synchsafe(size: int) -> bytes:
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))


FLOODS: dict[str, Callable[[Target], Awaitable[None]]] = {
    "websocket frames of 49 MB": _frames,
    "heads without end": _heads,
    "bodies of 33 MB": _bodies,
    "half heads": _half_heads,
    "a wrong key each time": _wrong_keys,
    "/readyz": _probes,
    "recordings of 100,000 tags": _recordings,
}
