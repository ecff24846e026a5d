"""API key middleware: rejects requests without a valid key before their body is read or a document is parsed."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from db.errors import RateLimited, Unauthenticated
from db.viewer import Viewer
from graph.guards.http_refusals import refuse
from graph.guards.keys import Keys
from graph.guards.rate_limit import Rates, address_of
from graph.wire.api_key import secret_in_headers
from graph.wire.error_body import error_body, http_status
from graph.wire.negotiation import GRAPHQL_RESPONSE, JSON, chosen_media_type, content_type, wants_page
from graph.wire.scope import KEY_ERROR, KEY_SHOWN, VIEWER

#: Paths without authentication: health probes and static files.
_FREE = ("/healthz", "/readyz", "/static/", "/console/")

_GRAPHQL = "/graphql"


class KeyGate:
    """ASGI middleware: authenticates each request and applies the rate limit of the key or the address.

    ``/graphql`` needs a valid key, except for the GraphiQL page; other paths check `VIEWER` in the scope themselves. A
    websocket sends its key in connection_init, so until then the address is charged. Media URLs are signed instead.
    ``keys`` returns None until the server has started.
    """

    def __init__(self, app: ASGIApp, rates: Rates, keys: Callable[[], Keys | None]) -> None:
        self._app = app
        self._rates = rates
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"].startswith(_FREE):
            await self._app(scope, receive, send)
            return
        try:
            viewer = await self._viewer(scope)
        except RateLimited as error:
            await refuse(scope, receive, send, error)
        except Unauthenticated as error:
            if scope["type"] == "http" and scope["path"].rstrip("/") == _GRAPHQL and not _asks_for_page(scope):
                await _refuse_graphql(scope, send, error)
            else:
                scope[KEY_ERROR] = error
                await self._app(scope, receive, send)
        else:
            if viewer is not None:
                scope[VIEWER] = viewer
                key_shown(scope)
            await self._app(scope, receive, send)

    async def _viewer(self, scope: Scope) -> Viewer | None:
        address = address_of(scope)
        keys = self._keys()
        # At most one: see ``graph.http.headers``.
        given = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        secret = None if given is None else secret_in_headers({"authorization": given.decode("latin-1")})
        if keys is None or scope["path"].startswith("/media/") or (scope["type"] == "websocket" and secret is None):
            self._rates.take_address(address)
            return None
        viewer = await keys.admit(secret, address)
        self._rates.take_key(viewer.key_id)
        return viewer


def key_shown(scope: Scope) -> None:
    """Marks the connection as authenticated, for the server's limits on connections of an address."""
    shown = (scope.get("extensions") or {}).get(KEY_SHOWN)
    if shown is not None:
        shown()


def _asks_for_page(scope: Scope) -> bool:
    """Whether the request is for the GraphiQL page, or is an OPTIONS request: neither executes anything."""
    if scope["method"] == "OPTIONS":
        return True
    if scope["method"] not in ("GET", "HEAD"):
        return False
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return wants_page(accept.decode("latin-1"))


async def _refuse_graphql(scope: Scope, send: Send, error: Unauthenticated) -> None:
    """Responds in the negotiated media type; streams get 401 with JSON, after which their clients do not retry."""
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"").decode("latin-1")
    wanted = chosen_media_type(accept)
    status = 200 if wanted == JSON else http_status(error.code)
    body = error_body(error)
    headers = [
        (b"content-type", content_type(GRAPHQL_RESPONSE if wanted == GRAPHQL_RESPONSE else JSON).encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept, Authorization"),
        (b"www-authenticate", b"Bearer"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
