"""Authentication of the public MCP endpoint (/mcp) by API key."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from db.errors import RateLimited, Unauthenticated
from db.viewer import Viewer
from graph.guards.http_refusals import refuse
from graph.guards.keys import Keys
from graph.guards.rate_limit import address_of
from graph.wire.api_key import secret_in_headers
from graph.wire.scope import KEY_ERROR, VIEWER


class KeyedEndpoint:
    """ASGI middleware: passes on requests with a valid key, with their viewer in the scope; others get 401.

    The key is verified again in the database, by one statement, for requests that `KeyGate` let through.
    """

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if VIEWER not in scope:
                raise scope.get(KEY_ERROR) or Unauthenticated("Send an API key: Authorization: Bearer <key>.")
            secret = secret_in_headers(Headers(scope=scope))
            scope[VIEWER] = await self._keys.admit(secret, address_of(scope), anew=True)
        except Unauthenticated as error:
            await refuse(scope, receive, send, error, more=[(b"www-authenticate", b"Bearer")])
        except RateLimited as error:
            await refuse(scope, receive, send, error)
        else:
            await self._app(scope, receive, send)


def viewer_in_scope(request: object) -> Viewer:
    """The viewer that KeyedEndpoint put into the scope."""
    assert isinstance(request, Request)
    viewer: Viewer = request.scope[VIEWER]
    return viewer
