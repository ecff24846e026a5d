"""How the API is served: uvicorn with protocols that have limits."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import cast

import uvicorn
from starlette.types import ASGIApp

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
