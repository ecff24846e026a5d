"""The ASGI app of the voice role: the transports' routes and health checks behind the edge's guards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from db.postgres.database import Database
from graph.guards.response_headers import Hosts, ResponseHeaders
from graph.http.body_limit import BodyLimit
from graph.http.error_boundary import ErrorBoundary
from graph.http.headers import OneLinePerHeader
from graph.http.health import health_router
from graph.http.methods import Methods
from graph.voice.settings import VoiceSettings

#: Bytes of a request body (a telephone network's webhook), and of a websocket message (a minute of 24 kHz in base64 is
#: 3.8 MB; clients send less than a second).
MAX_BODY_BYTES = 100_000
MAX_MESSAGE_BYTES = 4_000_000


def voice_app(
    database: Database,
    settings: VoiceSettings,
    routes: Sequence[BaseRoute],
    checks: Callable[[], Mapping[str, bool]] = dict,
) -> ASGIApp:
    """``routes``: of the transports, which authenticate callers themselves. ``checks``: further ones of /readyz."""
    api = FastAPI(title="VoxLoom voice", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    api.add_middleware(ErrorBoundary)
    api.router.routes.extend(routes)
    api.include_router(health_router(database, settings.live_worker_seconds, checks))
    app: ASGIApp = Methods(BodyLimit(api, max_bytes=MAX_BODY_BYTES, max_signs=MAX_BODY_BYTES), api.router.routes)
    if settings.host_names:
        app = Hosts(app, settings.host_names)
    return ResponseHeaders(ErrorBoundary(OneLinePerHeader(app)))
