"""Repeated request headers: joined where the field is a list, refused otherwise, so that all code reads the same value.

Specification: RFC 9110, section 5.3. Without this, some code would use a field's first line and some its last.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from db.errors import BadUserInput
from graph.guards.http_refusals import refuse

Headers = list[tuple[bytes, bytes]]

#: Fields that a request may have once.
_SINGLE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"if-modified-since",
        b"if-range",
        b"last-event-id",
        b"origin",
        b"range",
        b"sec-websocket-key",
        b"user-agent",
    }
)


def combined(headers: Headers) -> Headers:
    """The headers with one line per field, in order of first appearance.

    Raises BadUserInput for a repeated field that is not a list, such as Authorization.
    """
    lines: dict[bytes, bytes] = {}
    for name, value in headers:
        if name not in lines:
            lines[name] = value
        elif name in _SINGLE:
            raise BadUserInput(f"The request has more than one {name.decode('ascii').title()} header.")
        else:
            lines[name] += (b"; " if name == b"cookie" else b", ") + value
    return list(lines.items())


class OneLinePerHeader:
    """ASGI middleware: passes on each header once; a header that may not repeat gets 400 with BAD_USER_INPUT."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope.get("headers")
        if headers and len({name for name, _ in headers}) != len(headers):
            try:
                scope = {**scope, "headers": combined(headers)}
            except BadUserInput as error:
                await refuse(scope, receive, send, error)
                return
        await self._app(scope, receive, send)
