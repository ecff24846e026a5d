"""The GraphQL endpoint on Strawberry: HTTP, multipart uploads, server-sent events, graphql-transport-ws, GraphiQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from fastapi import Request, Response, WebSocket
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.exceptions import ConnectionRejectionError
from strawberry.fastapi import GraphQLRouter
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
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

from db.errors import BadUserInput, RateLimited, Unauthenticated
from graph.api.context import Context
from graph.api.schema import schema
from graph.compiled.live.live import Live
from graph.guards.origins import socket_origins
from graph.guards.persisted_documents import Refused
from graph.guards.requests import GraphQLRequest, from_members, from_query_string
from graph.guards.response_size import instead_of
from graph.http.forms import from_form
from graph.http.graphql_ws import Adapter, Handler
from graph.http.sse import EventStream, ResumableEventStream, last_event_seen
from graph.http.streaming import Multipart, Stream, TextStream, opened
from graph.parts import Parts
from graph.wire.error_body import error_body, error_entry
from graph.wire.json_writer import write_json
from graph.wire.large_json import read_large_json
from graph.wire.negotiation import (
    EVENT_STREAM,
    FORM,
    GRAPHQL_RESPONSE,
    JSON,
    MULTIPART,
    body_media_type,
    chosen_media_type,
    content_type,
    status_of,
    wants_page,
)
from graph.wire.scope import LIVE, OPERATION, REFUSAL

#: GraphiQL's page; its scripts are served by this server, so it works offline.
PAGE = (Path(__file__).parents[1] / "static" / "graphiql.html").read_text()

#: Strawberry's name of the streaming protocol, by media type.
_PROTOCOLS = {EVENT_STREAM: EventStream.protocol, MULTIPART: Multipart.protocol}


class Router(GraphQLRouter[Context, None]):
    """Strawberry's router with API keys at ``connection_init``, persisted documents, limits and an offline GraphiQL.

    An invalid GraphQL request gets 400 with the code BAD_USER_INPUT.
    """

    graphql_transport_ws_handler_class = Handler
    websocket_adapter_class = Adapter
    max_response_bytes: int
    stream_transport_classes_by_protocol: Mapping[str, type[HTTPStreamTransport]] = {
        MULTIPART_SUBSCRIPTION_PROTOCOL: Multipart,
        GRAPHQL_SSE_PROTOCOL: EventStream,
    }

    # Any: this method and those below pass Strawberry's arguments and results through.
    async def run(self, request: Request | WebSocket, *args: Any, **kwargs: Any) -> Any:
        """As Strawberry's; then closes the uploaded files."""
        answer = None
        try:
            answer = await super().run(request, *args, **kwargs)
        except HTTPException as error:
            answer = _refusal(request, error.status_code, error.reason)
        except StarletteHTTPException as error:
            answer = _refusal(request, error.status_code, error.detail)
        except BadUserInput as error:
            answer = _refusal(request, 400, error.message)
        except Refused as refused:
            answer = self._refused(request, refused)
        finally:
            if isinstance(request, Request) and not isinstance(answer, Stream):  # a stream reads them later
                await request.close()
        return answer

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Verifies the API key of connection_init; closes the socket with 4403 if it is not valid."""
        try:
            await context.admit()
        except (Unauthenticated, RateLimited) as error:
            if context.request is not None and error.code != Unauthenticated.code:
                context.request.scope[REFUSAL] = error.message
            raise ConnectionRejectionError({"code": error.code}) from None
        return cast("UnsetType", UNSET)

    async def render_graphql_ide(self, request: Request) -> HTMLResponse:
        return HTMLResponse(PAGE)

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Whether to show GraphiQL: to browsers always, with the URL's query; to others if there is no query."""
        if request.method == "GET" and wants_page(request.headers.get("accept", "")):
            return True
        # A persisted document has only a hash, in the extensions.
        return "extensions" not in request.query_params and super().should_render_graphql_ide(request)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """The request from a JSON body, a form or a query string. Raises HTTPException and BadUserInput."""
        if chosen_media_type(request.headers.get("accept")) is None:
            raise HTTPException(406, f"The response can only be {JSON}, {GRAPHQL_RESPONSE} or a stream.")
        given = await _read(request)
        transport = self._get_stream_transport_from_headers(request.headers)
        return GraphQLRequestData(
            query=given.text,
            variables=dict(given.variables),
            operation_name=given.operation_name,
            extensions=dict(given.extensions),
            protocol="http" if transport is None else transport.protocol,
        )

    # Any: as in run.
    async def execute_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Resolves or registers a persisted document, then executes as Strawberry does. Raises Refused."""
        data, context = kwargs["request_data"], kwargs["context"]
        kwargs["request"].state.graphql_context = context
        documents = context.parts.documents
        given = GraphQLRequest(data.query, data.operation_name, data.variables, data.extensions)
        resolved = documents.resolve(given)
        if documents.is_new(resolved):
            with suppress(Unauthenticated):  # execution reports it; an unauthenticated client registers nothing
                await context.viewer()
                documents.register(resolved)
        data.query = resolved.text
        return await super().execute_operation(*args, **kwargs)

    # Any: as in run.
    async def execute_single(self, request: Request, *args: Any, **kwargs: Any) -> ExecutionResult:
        try:
            return await super().execute_single(request, *args, **kwargs)
        except HTTPException as error:
            if isinstance(error.__cause__, InvalidOperationTypeError):
                if error.__cause__.operation_type is OperationType.MUTATION:
                    raise HTTPException(405, "Send a mutation by POST.") from None
                raise HTTPException(400, f"Subscriptions need a websocket or Accept: {EVENT_STREAM}.") from None
            raise

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The response map, without ``data`` for request errors (GraphQL specification, "Response Format").

        An execution error has a path, a request error has none.
        """
        answer = await super().process_result(request, result)
        if result.data is None and result.errors and not any(error.path for error in result.errors):
            del answer["data"]
        return answer

    async def get_sub_response(self, request: Request) -> Response:
        response = await super().get_sub_response(request)
        response.media_type = chosen_media_type(request.headers.get("accept"))
        return response

    def _refused(self, request: Request | WebSocket, refused: Refused) -> Response:
        """A response with one error; if the client accepts a stream only, as the stream's only message."""
        answer: GraphQLHTTPResponse = {"errors": [error_entry(refused.error)]}
        headers = {"Vary": "Accept, Authorization", "Cache-Control": "no-store"}
        transport = self._get_stream_transport_from_headers(request.headers)
        if transport is None:
            media_type = chosen_media_type(request.headers.get("accept")) or JSON
            body, status = self.encode_json(answer), status_of(media_type, answer)
            return Response(body, status, headers, content_type(media_type))
        head = f"--{transport.separator}" if isinstance(transport, Multipart) else ""
        text = head + transport.encode_next(answer, self.encode_json) + transport.encode_complete()
        return Response(text, headers={**headers, **transport.headers})

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        assert not isinstance(response_data, list), "batches are refused"
        media_type = sub_response.media_type or JSON
        body = write_json(response_data)
        if len(body) > self.max_response_bytes:
            response_data = cast("GraphQLHTTPResponse", instead_of(response_data, self.max_response_bytes))
            body = write_json(response_data)
        return Response(
            body,
            status_of(media_type, response_data),
            headers={"Vary": "Accept, Authorization", **_caching(sub_response)},
            media_type=content_type(media_type),
        )

    def _get_stream_transport_from_headers(self, headers: Mapping[str, str]) -> HTTPStreamTransport | None:
        return self._get_stream_transport(_PROTOCOLS.get(chosen_media_type(headers.get("accept")) or "", ""))

    def _stream_result(
        self, request: Request, result: SubscriptionExecutionResult, transport: HTTPStreamTransport
    ) -> TextStream:
        if isinstance(transport, EventStream):
            context: Context = request.state.graphql_context
            transport = ResumableEventStream(transport.heartbeat_interval, lambda: context.seq)
        return opened(super()._stream_result(request, result, transport), transport)

    async def create_streaming_response(
        self,
        request: Request,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        return Stream(request, cast("AsyncGenerator[str, None]", stream()), headers)

    def encode_json(self, data: object) -> str:
        """The JSON of a stream's or websocket's message; an error in its place if it is too large."""
        written = write_json(data)
        if len(written) > self.max_response_bytes:
            written = write_json(instead_of(data, self.max_response_bytes))
        return written.decode()


async def _read(request: AsyncHTTPRequestAdapter) -> GraphQLRequest:
    """Parses the request, unless the fast path has. Raises HTTPException and BadUserInput."""
    scope = cast("StarletteRequestAdapter", request)._request.scope
    known: GraphQLRequest | None = scope.get(OPERATION)
    if known is not None:
        return known
    if request.method == "GET":
        return from_query_string(scope["query_string"])
    match body_media_type(request.content_type or ""):
        case "application/json":
            return from_members(await read_large_json(await _body(cast("StarletteRequestAdapter", request)._request)))
        case "multipart/form-data":
            return from_form((await request.get_form_data()).form)
    raise HTTPException(415, f"Send the request as {JSON} in UTF-8, or with files as {FORM}.")


async def _body(request: Request) -> bytes:
    """The whole body. Starlette's ``body()`` would keep it until the response has been sent."""
    return b"".join([chunk async for chunk in request.stream()])


def _refusal(request: Request | WebSocket, status: int, message: str) -> Response:
    asked = chosen_media_type(request.headers.get("accept"))
    return Response(
        error_body(BadUserInput(message)),
        status,
        headers={"Vary": "Accept, Authorization", **({"Allow": "POST"} if status == 405 else {})},
        media_type=content_type(GRAPHQL_RESPONSE if asked == GRAPHQL_RESPONSE else JSON),
    )


def _caching(sub_response: Response) -> dict[str, str]:
    """The Cache-Control header that a resolver has set."""
    found = sub_response.headers.get("cache-control")
    return {} if found is None else {"Cache-Control": found}


def socket_app(router: Router, parts: Parts, live: Live) -> ASGIApp:
    """The router's websocket endpoint as an ASGI application."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope[LIVE] = live
        websocket = WebSocket(scope, receive, send)
        context = Context(parts)
        context.request = websocket
        await router.run(websocket, context, None)

    return serve


def graphql_router(parts: Parts) -> Router:
    async def context() -> Context:
        return Context(parts, last_event_seen)

    router = Router(
        schema,
        path="/graphql",
        context_getter=context,
        subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL, MULTIPART_SUBSCRIPTION_PROTOCOL],
        connection_init_wait_timeout=timedelta(seconds=parts.settings.connection_init_seconds),
        multipart_uploads_enabled=True,
        max_subscriptions_per_connection=None,  # the handler limits them, with an error code
        keep_alive=True,
        keep_alive_interval=15,
        allowed_origins=socket_origins(parts.settings),
    )
    router.max_response_bytes = parts.settings.max_response_bytes
    return router
