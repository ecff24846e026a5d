"""The GraphQL endpoint: HTTP, multipart uploads and graphql-transport-ws; GraphiQL for browsers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import orjson
from fastapi import Request, WebSocket
from starlette.responses import HTMLResponse
from strawberry.exceptions import ConnectionRejectionError
from strawberry.fastapi import GraphQLRouter
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from db.errors import Unauthenticated
from graph.context import Context, Parts
from graph.graphiql import PAGE
from graph.schema import schema


class Router(GraphQLRouter[Context, None]):
    """Strawberry's router with a key asked for at ``connection_init`` and a GraphiQL that needs no other host."""

    async def run(self, request: Request | WebSocket, *args: Any, **kwargs: Any) -> Any:
        """As Strawberry's; then the uploaded files are closed, whether anybody read them or not."""
        try:
            return await super().run(request, *args, **kwargs)
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

    def encode_json(self, data: object) -> str:
        return orjson.dumps(data, default=_plain).decode()


def _plain(value: Any) -> Any:
    return str(value)


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
