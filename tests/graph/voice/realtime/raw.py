"""A client of the endpoint that sends what it likes."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.graph.voice.realtime.fakes import KEY, tone


@asynccontextmanager
async def raw(
    address: str,
    query: str = "?model=billing_agent",
    key: str | None = KEY,
    subprotocols: Sequence[str] = (),
    **more: Any,
) -> AsyncIterator[ClientConnection]:
    """A socket; left without the closing handshake, as a server that is held back answers none."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with connect(
        f"{address}/realtime{query}",
        additional_headers=headers,
        subprotocols=[Subprotocol(each) for each in subprotocols] or None,
        **more,
    ) as socket:
        try:
            yield socket
        finally:
            socket.transport.abort()


@asynccontextmanager
async def silent(address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection after its handshake, without a client's buffers."""
    port = int(address.split(":")[2].split("/", maxsplit=1)[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /v1/realtime?model=billing_agent HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Authorization: Bearer " + KEY.encode() + b"\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def tell(socket: ClientConnection, kind: str, **members: Any) -> None:
    await socket.send(json.dumps({"type": kind, **members}))


async def hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next event of a kind."""
    async with asyncio.timeout(30):
        while True:
            event: dict[str, Any] = json.loads(await socket.recv())
            if event["type"] == kind:
                return event


async def next_error(socket: ClientConnection) -> dict[str, Any]:
    error: dict[str, Any] = (await hear(socket, "error"))["error"]
    return error


async def closing(socket: ClientConnection) -> tuple[int, str]:
    """The code and reason with which the server closes the socket."""
    try:
        async with asyncio.timeout(30):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        assert closed.rcvd is not None, "the socket was dropped, not closed"
        return closed.rcvd.code, closed.rcvd.reason


def pcm(seconds: float) -> str:
    return base64.b64encode((tone(seconds, 24_000) * 32767).astype("<i2").tobytes()).decode()
