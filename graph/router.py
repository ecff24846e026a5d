"""The GraphQL endpoint: HTTP, multipart uploads, event streams and graphql-transport-ws; GraphiQL for browsers."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any, cast

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from fastapi import Request, Response, WebSocket
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import HTMLResponse, JSONResponse
from strawberry.exceptions import ConnectionRejectionError
from strawberry.fastapi import GraphQLRouter
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
from strawberry.http.parse_content_type import parse_content_type
from strawberry.http.streaming import HTTPStreamTransport
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.subscriptions import (
    GRAPHQL_SSE_PROTOCOL,
    GRAPHQL_TRANSPORT_WS_PROTOCOL,
    MULTIPART_SUBSCRIPTION_PROTOCOL,
)
from strawberry.types import ExecutionResult, SubscriptionExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET, UnsetType

from db.errors import BadUserInput, Unauthenticated
from graph.context import Context, Parts
from graph.graphiql import PAGE
from graph.guards.origins import socket_origins
from graph.negotiation import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    MULTIPART,
    chosen_media_type,
    content_type,
    status_of,
)
from graph.schema import schema
from graph.sockets import Adapter, Handler
from graph.streaming import EventStream, Multipart, Stream, TextStream, opened

#: Strawberry's names of the protocols that stream.
_PROTOCOLS = {EVENT_STREAM: EventStream.protocol, MULTIPART: Multipart.protocol}


class Router(GraphQLRouter[Context, None]):
    """Strawberry's router with a key asked for at ``connection_init`` and a GraphiQL that needs no other host.

    Whatever a request holds, it is answered: what is no GraphQL request gets 400 and the code BAD_USER_INPUT.
    """

    graphql_transport_ws_handler_class = Handler
    websocket_adapter_class = Adapter
    stream_transport_classes_by_protocol: Mapping[str, type[HTTPStreamTransport]] = {
        MULTIPART_SUBSCRIPTION_PROTOCOL: Multipart,
        GRAPHQL_SSE_PROTOCOL: EventStream,
    }

    async def run(self, request: Request | WebSocket, *args: Any, **kwargs: Any) -> Any:
        """As Strawberry's; then the uploaded files are closed, whether anybody read them or not."""
        answer = None
        try:
            answer = await super().run(request, *args, **kwargs)
        except HTTPException as error:
            answer = _refusal(request, error.status_code, error.reason)
        except StarletteHTTPException as error:
            answer = _refusal(request, error.status_code, error.detail)
        finally:
            if isinstance(request, Request) and not isinstance(answer, Stream):  # a stream reads them later
                await request.close()
        return answer

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Refuses (close code 4403) a socket without a valid key."""
        try:
            await context.viewer()
        except Unauthenticated as error:
            raise ConnectionRejectionError({"code": error.code}) from None
        return cast("UnsetType", UNSET)

    async def render_graphql_ide(self, request: Request) -> HTMLResponse:
        return HTMLResponse(PAGE)

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        # A persisted query has only its hash, in the extensions.
        return "extensions" not in request.query_params and super().should_render_graphql_ide(request)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData | list[GraphQLRequestData]:
        if chosen_media_type(request.headers.get("accept")) is None:
            raise HTTPException(406, f"The answer can only be {JSON}, {GRAPHQL_RESPONSE}, or a stream.")
        if request.method == "POST":
            _check_content_type(request.content_type or "")
        parsed = await super().parse_http_body(request)
        if isinstance(parsed, GraphQLRequestData) and not isinstance(parsed.operation_name, str | None):
            raise HTTPException(400, "The operationName must be a string or null.")
        return parsed

    async def execute_single(self, request: Request, *args: Any, **kwargs: Any) -> ExecutionResult:
        try:
            return await super().execute_single(request, *args, **kwargs)
        except HTTPException as error:
            if isinstance(error.__cause__, InvalidOperationTypeError):
                if error.__cause__.operation_type is OperationType.MUTATION:
                    raise HTTPException(405, "A mutation is sent by POST.") from None
                raise HTTPException(400, f"Subscriptions need a websocket or Accept: {EVENT_STREAM}.") from None
            raise

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """What is sent: without ``data`` if nothing was executed (GraphQL specification, "Response Format").

        An error of execution has the path of its field, one of the request has none.
        """
        answer = await super().process_result(request, result)
        if result.data is None and result.errors and not any(error.path for error in result.errors):
            del answer["data"]
        return answer

    async def get_sub_response(self, request: Request) -> Response:
        response = await super().get_sub_response(request)
        response.media_type = chosen_media_type(request.headers.get("accept"))
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        assert not isinstance(response_data, list), "batches are refused"
        media_type = sub_response.media_type or JSON
        return Response(
            self.encode_json(response_data),
            status_of(media_type, response_data),
            headers={"Vary": "Accept, Authorization"},
            media_type=content_type(media_type),
        )

    def _get_stream_transport_from_headers(self, headers: Mapping[str, str]) -> HTTPStreamTransport | None:
        return self._get_stream_transport(_PROTOCOLS.get(chosen_media_type(headers.get("accept")) or "", ""))

    def _stream_result(
        self, request: Request, result: SubscriptionExecutionResult, transport: HTTPStreamTransport
    ) -> TextStream:
        return opened(super()._stream_result(request, result, transport), transport)

    async def create_streaming_response(
        self,
        request: Request,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        return Stream(request, cast("AsyncGenerator[str, None]", stream()), headers)

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


def _check_content_type(given: str) -> None:
    media, params = parse_content_type(given)
    if media.lower() not in (JSON, "multipart/form-data"):
        raise HTTPException(415, f"A request is sent as {JSON}, or with files as multipart/form-data.")
    if params.get("charset", "utf-8").strip("'\"").lower() not in ("utf-8", "utf8"):
        raise HTTPException(415, "A request is sent in UTF-8.")


def _refusal(request: Request | WebSocket, status: int, message: str) -> JSONResponse:
    error = BadUserInput(message)
    asked = chosen_media_type(request.headers.get("accept"))
    return JSONResponse(
        {"errors": [{"message": error.message, "extensions": error.extensions}]},
        status,
        headers={"Vary": "Accept, Authorization", **({"Allow": "POST"} if status == 405 else {})},
        media_type=content_type(GRAPHQL_RESPONSE if asked == GRAPHQL_RESPONSE else JSON),
    )


def graphql_router(parts: Parts) -> Router:
    async def context(request: Request = None, websocket: WebSocket = None) -> Context:  # type: ignore[assignment]
        return Context(parts)

    return Router(
        schema,
        path="/graphql",
        context_getter=context,
        subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL, MULTIPART_SUBSCRIPTION_PROTOCOL],
        connection_init_wait_timeout=timedelta(seconds=parts.settings.connection_init_seconds),
        multipart_uploads_enabled=True,
        keep_alive=True,
        keep_alive_interval=15,
        allowed_origins=socket_origins(parts.settings),
    )
