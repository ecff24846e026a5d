"""The server of the API and of the voice role: uvicorn with HTTP and websocket protocols that have limits."""

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


def server_config(
    app: ASGIApp, settings: ApiSettings, *, port: int | None = None, max_message_bytes: int | None = None
) -> uvicorn.Config:
    """uvicorn's configuration. ``port``, ``max_message_bytes`` (of a websocket): None for the API's."""
    connections = Connections(settings.connection_limits)
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port if port is None else port,
        log_level="warning",
        access_log=False,  # below the log level, but uvicorn would still format its arguments
        lifespan="on",
        # Typed as a class by uvicorn, which only calls it.
        http=cast("type[asyncio.Protocol]", partial(HttpProtocol, connections=connections)),
        ws=cast("type[asyncio.Protocol]", partial(SocketProtocol, connections=connections)),
        ws_max_size=settings.max_audio_bytes * 2 if max_message_bytes is None else max_message_bytes,
        ws_per_message_deflate=False,  # events are small; a compressor takes more memory than a subscription
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=10,
    )


def serve(app: ASGIApp, settings: ApiSettings) -> None:
    """Serves until SIGINT or SIGTERM, then returns. Raises the app's error if it cannot start."""
    started = _Startup(app)
    server = uvicorn.Server(server_config(started, settings))
    logging.getLogger("uvicorn.error").addFilter(started.is_news)
    # uvicorn raises the signal again after a clean shutdown.
    with suppress(KeyboardInterrupt):
        try:
            server.run()
        except SystemExit:
            if not server.started and started.error is None:
                raise
    if started.error is not None:
        raise started.error


class _Startup:
    """Captures the error of a failed startup; uvicorn would log its traceback and exit as if all was well.

    Specification: ASGI, "Lifespan Protocol".
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
        """Whether uvicorn's log line says more than the error that `serve` raises."""
        return self.error is None or "startup failed" not in record.getMessage()
