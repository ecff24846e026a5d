"""Security headers of responses (CSP, nosniff, framing, referrer), and the allow-list of Host names.

Content Security Policy Level 3; RFC 9110, section 7.2 (Host).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.errors import BadUserInput
from graph.guards.http_refusals import refuse

_NOTHING = b"default-src 'none'; frame-ancestors 'none'"

#: Policy of GraphiQL: everything from this server. Inline styles are for its dialogs, workers for its editor.
_PAGE = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' "
    b"data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)

_NAMES = frozenset(name for name, _ in _ALWAYS)

_POLICY = b"content-security-policy"

#: Health probes use the server's address as Host.
_PROBES = ("/healthz", "/readyz")


class ResponseHeaders:
    """ASGI middleware: adds Content-Security-Policy and related headers where the response has none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def added(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                names = {name.lower() for name, _ in headers}
                policy = () if _POLICY in names else ((_POLICY, _policy(scope, headers)),)
                always = _ALWAYS if _NAMES.isdisjoint(names) else [each for each in _ALWAYS if each[0] not in names]
                message["headers"] = [*headers, *always, *policy]
            await send(message)

        await self._app(scope, receive, added)


def _policy(scope: Scope, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    if scope["path"].startswith("/static/"):
        return _PAGE
    if scope["path"] != "/graphql" or scope["method"] == "POST":
        return _NOTHING
    is_page = any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers)
    return _PAGE if is_page else _NOTHING


class Hosts:
    """ASGI middleware: a request to another name than those of ``allowed`` answers 400 with BAD_USER_INPUT.

    ``allowed``: names without a port, in lower case; ``*.example.com`` are all names below it. /healthz and /readyz
    answer by any name.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._names = frozenset(each.lower() for each in allowed if not each.startswith("*."))
        self._below = tuple(each[1:].lower() for each in allowed if each.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in _PROBES or self._is_allowed(scope):
            await self._app(scope, receive, send)
        else:
            await refuse(scope, receive, send, BadUserInput("This server has another name (Host)."))

    def _is_allowed(self, scope: Scope) -> bool:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
        name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
        return name in self._names or (bool(self._below) and name.endswith(self._below))
