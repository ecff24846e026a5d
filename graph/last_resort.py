"""Answers for what nobody caught: masked and with an id, so that no server above prints the error and what is in it."""

from __future__ import annotations

import json
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph.errors import masked

_INTERNAL_SOCKET_ERROR = 1011


class LastResort:
    """ASGI middleware: an unexpected error becomes 500 with the code INTERNAL, or ends a socket with 1011."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":  # what fails at the start is for the operator to see
            await self._app(scope, receive, send)
            return
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            message, extensions = masked(error, path=scope["path"][1:].partition("/")[0])
            if scope["type"] == "websocket":
                with suppress(RuntimeError):  # it was closed already
                    await send({"type": "websocket.close", "code": _INTERNAL_SOCKET_ERROR})
            elif not started:
                await _answer(send, json.dumps({"errors": [{"message": message, "extensions": extensions}]}).encode())


async def _answer(send: Send, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
