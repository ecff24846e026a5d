"""Refuses request bodies that are too large, while they are read."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.errors import PayloadTooLarge

#: How long a client may go on sending after it was refused.
_LINGER_SECONDS = 5


class BodyLimit:
    """ASGI middleware: a body of more than ``max_bytes`` answers 413 with the code PAYLOAD_TOO_LARGE."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._max_bytes:
            await self._refuse(receive, send)
            return
        seen = 0
        started = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                raise PayloadTooLarge("too large")
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except PayloadTooLarge:
            if started:
                raise
            await self._refuse(receive, send)

    async def _refuse(self, receive: Receive, send: Send) -> None:
        error = PayloadTooLarge(f"The request has more than {self._max_bytes} bytes.")
        body = json.dumps({"errors": [{"message": error.message, "extensions": error.extensions}]}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 413, "headers": [*headers, (b"connection", b"close")]})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await self._let_it_finish(receive)
        await send({"type": "http.response.body", "body": b""})

    async def _let_it_finish(self, receive: Receive) -> None:
        """Throws away what still comes, up to as much as is allowed anyway.

        A connection that is closed while the client is still sending is reset, and the answer is lost with it.
        """
        left = self._max_bytes
        while left > 0:
            message = await receive()
            if not message.get("more_body"):
                return
            left -= len(message.get("body", b""))
