"""Error responses of ASGI middlewares: a GraphQL error body with a code, over HTTP or in place of a websocket."""

from __future__ import annotations

import math
from collections.abc import Iterable

from starlette.types import Receive, Scope, Send

from db.errors import RateLimited, VoxLoomError
from graph.wire.error_body import error_body, http_status


async def refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    error: VoxLoomError,
    *,
    status: int | None = None,
    more: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Responds to a request, or rejects a websocket's handshake, with the error and its code.

    ``status``: the HTTP status; None for that of the code. ``more``: further headers.
    """
    body = error_body(error)
    status = http_status(error.code) if status is None else status
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *more,
    ]
    if isinstance(error, RateLimited):
        headers.append((b"retry-after", str(math.ceil(error.retry_after_seconds)).encode()))
    kind = "http.response"
    if scope["type"] == "websocket":
        await receive()  # websocket.connect
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close"})  # becomes 403
            return
        kind = "websocket.http.response"
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})
