"""The GraphQL endpoint: HTTP, multipart uploads and graphql-transport-ws; GraphiQL for browsers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, cast

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from fastapi import Request, WebSocket
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import HTMLResponse, JSONResponse
from strawberry.exceptions import ConnectionRejectionError
from strawberry.fastapi import GraphQLRouter
from strawberry.http import GraphQLRequestData
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from db.errors import BadUserInput, Unauthenticated
from graph.context import Context, Parts
from graph.graphiql import PAGE
from graph.schema import schema
from graph.sockets import Adapter, Handler


class Router(GraphQLRouter[Context, None]):
    """Strawberry's router with a key asked for at ``connection_init`` and a GraphiQL that needs no other host.

    Whatever a request holds, it is answered: what is no GraphQL request gets 400 and the code BAD_USER_INPUT.
    """

    graphql_transport_ws_handler_class = Handler
    websocket_adapter_class = Adapter

    async def run(self, request: Request | WebSocket, *args: Any, **kwargs: Any) -> Any:
        """As Strawberry's; then the uploaded files are closed, whether anybody read them or not."""
        try:
            return await super().run(request, *args, **kwargs)
        except HTTPException as error:
            return _refusal(error.status_code, error.reason)
        except StarletteHTTPException as error:
            return _refusal(error.status_code, error.detail)
        finally:
            if isinstance(request, Request):
                await request.close()

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Refuses (close code 4403) a socket without a valid key."""
        try:
            await context.viewer()
        except Unauthenticated as error:
            raise ConnectionRejectionError({"code": error.code}) from None
        return cast("UnsetType", UNSET)

    async def render_graphql_ide(self, request: Request) -> HTMLResponse:
        return HTMLResponse(PAGE)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData | list[GraphQLRequestData]:
        parsed = await super().parse_http_body(request)
        if isinstance(parsed, GraphQLRequestData) and not isinstance(parsed.operation_name, str | None):
            raise HTTPException(400, "The operationName must be a string or null.")
        return parsed

    async def parse_multipart(self, request: AsyncHTTPRequestAdapter) -> dict[str, str]:
        try:
            return await super().parse_multipart(request)
        except (TypeError, AttributeError, IndexError, ValueError):
            raise HTTPException(400, "The map must name, for each file, a list of places in operations.") from None

    def parse_json(self, data: str | bytes) -> dict[str, Any]:
        parsed = super().parse_json(data)
        if not isinstance(parsed, dict):
            raise HTTPException(400, "What is sent as JSON must be an object.")
        return parsed

    def decode_json(self, data: str | bytes) -> object:
        """As Python's. Raises JSONDecodeError also for what is too deep, or has numbers too long, to be read."""
        try:
            return json.loads(data)
        except (RecursionError, ValueError):
            raise json.JSONDecodeError("No JSON that can be read", "", 0) from None

    def encode_json(self, data: object) -> str:
        try:
            return orjson.dumps(data, default=_plain).decode()
        except TypeError:
            # Numbers of more than 64 bits, which a client's own JSON may hold, and halves of characters, which an
            # error may repeat.
            return json.dumps(data, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    return str(value)


def _refusal(status: int, message: str) -> JSONResponse:
    error = BadUserInput(message)
    return JSONResponse({"errors": [{"message": error.message, "extensions": error.extensions}]}, status)


def graphql_router(parts: Parts) -> Router:
    async def context(request: Request = None, websocket: WebSocket = None) -> Context:  # type: ignore[assignment]
        return Context(parts)

    return Router(
        schema,
        path="/graphql",
        context_getter=context,
        subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
        connection_init_wait_timeout=timedelta(seconds=parts.settings.connection_init_seconds),
        multipart_uploads_enabled=True,
        keep_alive=True,
        keep_alive_interval=15,
    )
