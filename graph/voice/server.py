"""The voice role's server: uvicorn within a process that has other work too, and that handles its signals."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from graph.http.server import server_config
from graph.voice.settings import VoiceSettings
from graph.voice.web import MAX_MESSAGE_BYTES

#: More than uvicorn waits for its connections (timeout_graceful_shutdown).
_STOP_SECONDS = 15.0

#: Between pings, and for the answer: until a lost connection is found, the record counts a reply as heard.
_PING_SECONDS = 4.0


class VoiceServer(uvicorn.Server):
    """Leaves SIGINT and SIGTERM to the process, which drains its calls before it stops the server."""

    def __init__(self, app: ASGIApp, settings: VoiceSettings) -> None:
        config = server_config(app, settings, port=settings.voice_port, max_message_bytes=MAX_MESSAGE_BYTES)
        config.lifespan = "off"  # the process has opened all parts
        config.ws_ping_interval = config.ws_ping_timeout = _PING_SECONDS
        super().__init__(config)
        self._ended = asyncio.Event()

    async def run_app(self) -> None:
        """Serves until ``stop``."""
        try:
            await self.serve()
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Closes all connections and returns when they are closed, or after a while."""
        self.should_exit = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._ended.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
