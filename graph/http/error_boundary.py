"""Answers for what nobody caught: masked and with an id, so that no server above prints the error and what is in it."""

from __future__ import annotations

from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.postgres.outage import client_error
from graph.errors import masked
from graph.guards.http_refusals import refuse

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
            known = client_error(error)
            told = known or masked(error, path=scope["path"][1:].partition("/")[0])
            if scope["type"] == "websocket":
                code = _INTERNAL_SOCKET_ERROR if known is None else _TRY_AGAIN_LATER
                with suppress(RuntimeError):  # it was closed already
                    await send({"type": "websocket.close", "code": code, "reason": told.message})
            elif not started:
                await refuse(scope, receive, send, told)
