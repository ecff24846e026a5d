"""Connections wait their turn in uvloop too, as the server runs: it reads from a connection that was paused early."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from typing import Any

import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from graph.http.server import server_config
from graph.settings import ApiSettings

_OPENED, _SECONDS = 180, 1.0
_REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def _answers(request: bytes, limits: dict[str, Any] | None = None) -> Counter[bytes]:
    """What the first bytes of the answers to so many connections are, within a second. ``limits``: settings."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(request)
            async with asyncio.timeout(_SECONDS):
                return await reader.read(12)
        except TimeoutError:
            return b"waits"
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        settings = ApiSettings(
            database_url="postgresql://none", host="127.0.0.1", port=0, api_key=None, **(limits or {})
        )
        server = uvicorn.Server(server_config(app, settings))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            port = listener.getsockname()[1]
            return Counter(await asyncio.gather(*(ask(port) for _ in range(_OPENED))))
        finally:
            server.should_exit = True
            await serving


def run(request: bytes, limits: dict[str, Any] | None = None) -> Counter[bytes]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_answers(request, limits))


def test_connections_wait_their_turn() -> None:
    answers = run(_REQUEST)
    assert answers[b"HTTP/1.1 200"] >= 100, answers
    assert answers[b"waits"] >= 30, answers


def test_what_is_read_early_counts_among_the_bytes_in_flight() -> None:
    answers = run(_REQUEST + b"x" * 200_000, {"max_bytes_in_flight": 500_000})
    assert answers[b"waits"] < 10, answers  # the others are closed, with what they sent
    assert answers[b""] >= 30, answers
