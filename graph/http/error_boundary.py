"""Answers for what nobody caught: masked and with an id, so that no server above prints the error and what is in it."""

from __future__ import annotations

import json
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.postgres.outage import client_error
from graph.errors import masked

_INTERNAL_SOCKET_ERROR = 1011

#: Clients give up after an internal error; after this one they come back.
_TRY_AGAIN_LATER = 1013


class LastResort:
    """ASGI middleware: an unexpected error becomes 500 with the code INTERNAL, or ends a socket with 1011.

    An error of the database that passes becomes 503 with its code (DATABASE_UNAVAILABLE when the database is away), or
    ends a socket with 1013.
    """

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
        except ClientDisconnect:
            return  # there is nobody to answer
        except Exception as error:
            status, code = 500, _INTERNAL_SOCKET_ERROR
            known = client_error(error)
            if known is not None:
                status, code = 503, _TRY_AGAIN_LATER
                message, extensions = known.message, known.extensions
            else:
                message, extensions = masked(error, path=scope["path"][1:].partition("/")[0])
            if scope["type"] == "websocket":
                with suppress(RuntimeError):  # it was closed already
                    await send({"type": "websocket.close", "code": code, "reason": message})
            elif not started:
                body = json.dumps({"errors": [{"message": message, "extensions": extensions}]}).encode()
                await _answer(send, status, body)


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
