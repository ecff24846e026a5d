"""How the API is served: uvicorn with protocols that have limits."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import cast

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph.http.connections import Connections
from graph.http.http_protocol import HttpProtocol
from graph.http.websocket_protocol import SocketProtocol
from graph.settings import ApiSettings


def server_config(app: ASGIApp, settings: ApiSettings) -> uvicorn.Config:
    """uvicorn's configuration."""
    connections = Connections(settings.connection_limits)
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,  # below the level of the log, and yet it would cost its arguments
        lifespan="on",
        # A class to uvicorn, which only calls it.
        http=cast("type[asyncio.Protocol]", partial(HttpProtocol, connections=connections)),
        ws=cast("type[asyncio.Protocol]", partial(SocketProtocol, connections=connections)),
        ws_max_size=settings.max_audio_bytes * 2,
        ws_per_message_deflate=False,  # events are small, and a compressor takes more memory than a listener
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=10,
    )


def serve(app: ASGIApp, settings: ApiSettings) -> None:
    """Serves until SIGINT or SIGTERM, and returns. Raises what kept the app from starting."""
    started = _Startup(app)
    server = uvicorn.Server(server_config(started, settings))
    logging.getLogger("uvicorn.error").addFilter(started.is_news)
    # uvicorn raises the signal again when it has shut down, as if it had ended nothing.
    with suppress(KeyboardInterrupt):
        try:
            server.run()
        except SystemExit:
            if not server.started and started.error is None:
                raise
    if started.error is not None:
        raise started.error


class _Startup:
    """Keeps the error of an app that cannot start, whose traceback uvicorn would log before it ends as if all was well.

    Source of the protocol: the ASGI specification, "Lifespan Protocol".
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.error: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def without_traceback(message: Message) -> None:
            failed = message["type"] == "lifespan.startup.failed"
            await send({"type": message["type"]} if failed else message)

        try:
            await self._app(scope, receive, without_traceback)
        except Exception as error:
            self.error = error
            raise

    def is_news(self, record: logging.LogRecord) -> bool:
        """Whether uvicorn's log line says more than the error that is raised afterwards."""
        return self.error is None or "startup failed" not in record.getMessage()
