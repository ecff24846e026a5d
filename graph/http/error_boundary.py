"""Outermost exception handler (ASGI middleware): masks an unexpected error and logs it with an id, without its text."""

from __future__ import annotations

from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

from db.postgres.outage import client_error
from graph.errors import masked
from graph.guards.http_refusals import refuse

_INTERNAL_SOCKET_ERROR = 1011

#: Clients do not reconnect after 1011 (internal error); after this code they do.
_TRY_AGAIN_LATER = 1013


class ErrorBoundary:
    """ASGI middleware: an unexpected error gets 500 with the code INTERNAL, or closes a websocket with 1011.

    A client that has left in the middle of a request or a handshake is no error.
    A transient database error gets 503 with its code (such as DATABASE_UNAVAILABLE), or closes a websocket with 1013.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":  # a failure at startup is the operator's to see
            await self._app(scope, receive, send)
            return
        started = False

        async def tracked(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, tracked)
        except (ClientDisconnect, ClientDisconnected):
            return
        except Exception as error:
            known = client_error(error)
            shown = known or masked(error, path=scope["path"][1:].partition("/")[0])
            if scope["type"] == "websocket":
                code = _INTERNAL_SOCKET_ERROR if known is None else _TRY_AGAIN_LATER
                with suppress(RuntimeError):  # already closed
                    await send({"type": "websocket.close", "code": code, "reason": shown.message})
            elif not started:
                await refuse(scope, receive, send, shown)
