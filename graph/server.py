"""uvicorn, so that it takes less of the machine: for an answer, and for each of a thousand listeners."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from graph.http.http10 import Http10Cycle
from graph.settings import ApiSettings

#: The scope's extension that is a function: it sends a text on a websocket at once, or says that it cannot.
PUSH = "voxloom.push"


class _Gathering:
    """A transport that writes what came within one step of the loop at once, at the step's end."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's, but that an answer's head and body leave together: one call of the kernel, one packet."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.cycle is not None and self.scope["http_version"] == "1.0":
            self.cycle.__class__ = Http10Cycle  # its task has not begun

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        gathering = _Gathering(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", gathering))


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, but that a text can be sent without a task that waits for it, where there is nothing to wait for."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # the app's task has not begun
            scope: Any = self.scope
            scope["extensions"] = {**(scope.get("extensions") or {}), PUSH: self._push}

    def _push(self, text: str) -> bool:
        """Sends the text; false if the socket is closing, or must be waited for.

        Whether the transport is closing is not asked: that costs as much as all the rest.
        """
        if self.close_sent or not self.writable.is_set():
            return False
        self.transport.write(_frame(text.encode()))
        return True


def _frame(payload: bytes) -> bytes:
    """A whole text message in one frame, not masked, as servers send them (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def server_config(app: ASGIApp, settings: ApiSettings) -> uvicorn.Config:
    """How the API is served."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,  # below the level of the log, and yet it would cost its arguments
        lifespan="on",
        http=HttpProtocol,
        ws=SocketProtocol,
        ws_max_size=settings.max_audio_bytes * 2,
        ws_per_message_deflate=False,  # events are small, and a compressor takes more memory than a listener
        timeout_graceful_shutdown=10,
    )
