"""Which sites' pages may use this server from a browser."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from db.errors import Forbidden
from graph.guards.answers import refuse

#: For Starlette's CORSMiddleware.
CORS_METHODS = ("GET", "POST")
CORS_HEADERS = (
    "authorization",
    "content-type",
    "if-none-match",
    "graphql-require-preflight",
    "apollo-require-preflight",
    "x-apollo-operation-name",
)
CORS_EXPOSED = ("ETag", "Retry-After")


class SocketOrigins:
    """ASGI middleware: a websocket from a page of another site is refused with 403, unless the site is listed.

    Browsers do not keep pages from opening websockets to other sites; they say where the page is from, in Origin (RFC
    6455, section 10.2). What is no browser sends none, and is let in to show its key. ``allowed``: origins such as
    "https://app.example.com", of which any path is left out, or "*" for all.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._allowed = frozenset(_origin(each) for each in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not self._welcome(scope):
            await refuse(scope, receive, send, 403, Forbidden("Pages of this origin may not connect."))
        else:
            await self._app(scope, receive, send)

    def _welcome(self, scope: Scope) -> bool:
        origins = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"origin"]
        if not origins or "*" in self._allowed:
            return True
        hosts = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
        return all(each in self._allowed or _host(each) in hosts for each in origins)


def _origin(url: str) -> str:
    scheme, mark, rest = url.lower().partition("://")
    return scheme + mark + rest.partition("/")[0]


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
