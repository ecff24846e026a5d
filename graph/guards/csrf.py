"""Cross-site request forgery (CSRF) protection: requests that a browser sends without a preflight need a header.

A browser sends a CORS preflight before JSON or custom headers, but not before requests that a form or link could make
(Fetch standard, "CORS-safelisted request-header"). Those need one of the headers below.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from db.errors import BadUserInput
from graph.guards.http_refusals import refuse
from graph.wire.negotiation import wants_page

_PATH = "/graphql"

#: Headers that a browser sends cross-site only after a preflight.
_PROOFS = frozenset(
    {b"authorization", b"graphql-require-preflight", b"apollo-require-preflight", b"x-apollo-operation-name"}
)

_WITHOUT_ASKING = frozenset({b"", b"text/plain", b"multipart/form-data", b"application/x-www-form-urlencoded"})

_ASKING = frozenset({"query", "extensions"})


class CsrfProtection:
    """ASGI middleware: GET queries and form-encoded POSTs need a header that triggers a preflight."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/") == _PATH and _is_simple(scope):
            error = BadUserInput(
                "A browser may have been made to send this. Send application/json by POST, or the header "
                "GraphQL-Require-Preflight: 1."
            )
            await refuse(scope, receive, send, error)
        else:
            await self._app(scope, receive, send)


def _is_simple(scope: Scope) -> bool:
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    if not _PROOFS.isdisjoint(headers):
        return False
    if scope["method"] == "GET":
        if wants_page(headers.get(b"accept", b"").decode("latin-1")):
            return False  # gets GraphiQL; nothing is executed
        return any(name in _ASKING for name, _ in _asked(scope["query_string"]))
    if scope["method"] == "POST":
        return headers.get(b"content-type", b"").partition(b";")[0].strip().lower() in _WITHOUT_ASKING
    return False


def _asked(query_string: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query_string.decode("latin-1"), keep_blank_values=True) if query_string else []
