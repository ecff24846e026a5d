"""HTTP methods: HEAD, OPTIONS and 405 Method Not Allowed for every resource, from the methods of its routes.

Specification: RFC 9110, sections 9.3.2, 9.3.7, 10.2.1 and 15.5.6.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.errors import BadUserInput
from graph.guards.http_refusals import refuse

_ASKED = ("GET", "POST", "PUT", "PATCH", "DELETE")

#: Most requests go here; their methods are not checked against routes.
_PATH = "/graphql"


class Methods:
    """ASGI middleware: HEAD is GET without a body, OPTIONS lists the methods, other methods get 405.

    ``routes``: the app's routes, read at each request, as startup adds some.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["path"] == _PATH and scope["method"] in ("GET", "POST")):
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        if self._takes(scope, method) and method != "OPTIONS":
            await self._app(scope, receive, send)
        elif method == "HEAD" and self._takes(scope, "GET"):
            await self._app({**scope, "method": "GET"}, receive, _without_body(send))
        elif allowed := self._allowed(scope):
            allow = [(b"allow", ", ".join(allowed).encode())]
            if method == "OPTIONS":
                await send({"type": "http.response.start", "status": 204, "headers": allow})
                await send({"type": "http.response.body", "body": b""})
            else:
                error = BadUserInput(f"This resource allows {', '.join(allowed)}.")
                await refuse(scope, receive, send, error, status=405, more=allow)
        else:
            await self._app(scope, receive, send)  # no such resource: the app answers 404

    def _allowed(self, scope: Scope) -> list[str]:
        methods = [method for method in _ASKED if self._takes(scope, method)]
        if "GET" in methods:
            methods.append("HEAD")
        return [*methods, "OPTIONS"] if methods else []

    def _takes(self, scope: Scope, method: str) -> bool:
        for route in self._routes:
            match, _ = route.matches({**scope, "method": method})
            if match is Match.FULL and (method in ("GET", "HEAD") or not isinstance(route, Mount)):
                return True  # mounts serve static files
        return False


def _without_body(send: Send) -> Send:
    """Ends the response after its head; the sender of an event stream sees a disconnect."""
    started = False

    async def head(message: Message) -> None:
        nonlocal started
        if message["type"] == "http.response.start" and not started:
            started = True
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    return head
