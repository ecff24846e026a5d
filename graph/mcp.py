"""Puts an MCP server behind the API's own keys."""

from __future__ import annotations

import json
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from db.engine import Database
from db.errors import Unauthenticated
from db.viewer import Viewer
from graph.auth import secret_in_headers, viewer_of
from graph.guards.key_gate import VIEWER


class KeyedEndpoint:
    """ASGI: lets a request with a valid key through, its viewer in the scope; others get 401.

    The database is asked only for keys that `KeyGate` let through.
    """

    def __init__(self, app: ASGIApp, database: Database) -> None:
        self._app = app
        self._database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            secret = secret_in_headers(Headers(scope=scope)) if VIEWER in scope else None
            scope[VIEWER] = await viewer_of(self._database, secret)
        except Unauthenticated as error:
            body = json.dumps({"error": error.code, "message": error.message}).encode()
            headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await self._app(scope, receive, send)


def viewer_in_scope(request: Any) -> Viewer:
    """The viewer that KeyedEndpoint let through."""
    viewer: Viewer = request.scope[VIEWER]
    return viewer
