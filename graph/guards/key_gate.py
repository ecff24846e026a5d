"""The gate of the API: who has no valid key is refused before a body is read or a document is looked at."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from db.errors import RateLimited, Unauthenticated
from db.viewer import Viewer
from graph.auth import secret_in_headers
from graph.guards.http_refusals import refuse
from graph.guards.keys import Keys
from graph.guards.rate_limit import Rates, address_of
from graph.wire.error_body import error_body, http_status
from graph.wire.negotiation import GRAPHQL_RESPONSE, JSON, chosen_media_type, content_type, wants_page
from graph.wire.scope import KEY_SHOWN, VIEWER

#: They are asked by the platform's probes and by browsers, and cost next to nothing.
_FREE = ("/healthz", "/readyz", "/static/")

_GRAPHQL = "/graphql"


class KeyGate:
    """ASGI middleware: verifies the key of each request, and counts the request against the key or the address.

    ``/graphql`` is refused without a valid key, but for the GraphiQL page; other paths decide for themselves, by
    `VIEWER`. A websocket's key comes with connection_init; until then the address counts. Media have signed addresses.
    ``keys`` gives None until the server has started.
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
                await self._app(scope, receive, send)
        else:
            if viewer is not None:
                scope[VIEWER] = viewer
                key_shown(scope)
            await self._app(scope, receive, send)

    async def _viewer(self, scope: Scope) -> Viewer | None:
        address = address_of(scope)
        keys = self._keys()
        # There is one at most: see ``graph.http.headers``.
        given = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        secret = None if given is None else secret_in_headers({"authorization": given.decode("latin-1")})
        if keys is None or scope["path"].startswith("/media/") or (scope["type"] == "websocket" and secret is None):
            self._rates.take_address(address)
            return None
        viewer = await keys.admit(secret, address)
        self._rates.take_key(viewer.key_id)
        return viewer


def key_shown(scope: Scope) -> None:
    """Tells the server that this connection belongs to the holder of a valid key."""
    shown = (scope.get("extensions") or {}).get(KEY_SHOWN)
    if shown is not None:
        shown()


def _asks_for_page(scope: Scope) -> bool:
    """Whether it is a browser that wants the GraphiQL page, or a question about methods: nothing is run for either."""
    if scope["method"] == "OPTIONS":
        return True
    if scope["method"] not in ("GET", "HEAD"):
        return False
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return wants_page(accept.decode("latin-1"))


async def _refuse_graphql(scope: Scope, send: Send, error: Unauthenticated) -> None:
    """Refuses in the form that was asked for; streams get 401 and JSON, which their clients take as final."""
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
