"""Puts an MCP server behind the API's own keys."""

from __future__ import annotations

import json
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from db.errors import Unauthenticated
from db.viewer import Viewer
from graph.guards.key_gate import VIEWER


class KeyedEndpoint:
    """ASGI: lets a request with a valid key through, which `KeyGate` has verified; others get 401."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if VIEWER not in scope:
            message = "Send a valid API key: Authorization: Bearer <key>."
            body = json.dumps({"error": Unauthenticated.code, "message": message}).encode()
            headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await self._app(scope, receive, send)


def viewer_in_scope(request: Any) -> Viewer:
    """The viewer that KeyedEndpoint let through."""
    viewer: Viewer = request.scope[VIEWER]
    return viewer
