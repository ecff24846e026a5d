"""What another site's page could make a browser send, with what the browser knows of this server, is refused.

A browser asks first (CORS preflight) before it sends JSON or a header of the page's own. It does not ask for what a
form or a link could send (Fetch standard, "CORS-safelisted request-header"): such requests need a header of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from db.errors import BadUserInput
from graph.guards.http_refusals import refuse
from graph.wire.negotiation import wants_page

_PATH = "/graphql"

#: None of them can be sent to another site without being asked for.
_PROOFS = frozenset(
    {b"authorization", b"graphql-require-preflight", b"apollo-require-preflight", b"x-apollo-operation-name"}
)

_WITHOUT_ASKING = frozenset({b"", b"text/plain", b"multipart/form-data", b"application/x-www-form-urlencoded"})

_ASKING = frozenset({"query", "extensions"})


class Preflight:
    """ASGI middleware: queries by GET, and POSTs of what a form can send, need a header that no form can send."""

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
            return False  # it is shown GraphiQL, and nothing is run
        return any(name in _ASKING for name, _ in _asked(scope["query_string"]))
    if scope["method"] == "POST":
        return headers.get(b"content-type", b"").partition(b";")[0].strip().lower() in _WITHOUT_ASKING
    return False


def _asked(query_string: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query_string.decode("latin-1"), keep_blank_values=True) if query_string else []
