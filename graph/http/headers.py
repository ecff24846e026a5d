"""One reading of every request header: repeated lines are joined where the field is a list, and refused where not.

Specification: RFC 9110, section 5.3. Without this, one reader takes the first line of a field and another the last.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from db.errors import BadUserInput
from graph.guards.http_refusals import refuse

Headers = list[tuple[bytes, bytes]]

#: Fields of which a request has one line at most.
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
    """The headers with one line for each field, in the order of first appearance.

    Raises BadUserInput for two lines of a field that is no list, such as Authorization.
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
    """ASGI middleware: what is behind it sees each header once, or the request answers 400 with BAD_USER_INPUT."""

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
