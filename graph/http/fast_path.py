"""ASGI fast path of /graphql: serves documents that were validated before from a compiled plan or the read cache.

All other requests go to Strawberry, which parses, validates, applies the limits, and admits the document for next time
(``graph.api.admission``). Both give the same bytes. Errors (an invalid key, a missing session, an unreachable database)
are left to Strawberry too, which reports them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import structlog
from cachetools import LRUCache
from graphql import GraphQLError
from starlette.types import ASGIApp, Receive, Scope, Send

from db.commands.keys import hash_secret
from db.errors import BadUserInput, OperationTimeout, Overloaded, QueryTooComplex, VoxLoomError
from db.logs import error_fields
from db.postgres.outage import DATABASE_ERRORS
from graph.compiled.live.live import Live, Subscribe
from graph.compiled.reads.cache import Answer, Asking, ReadCache
from graph.compiled.reads.plans import Plans, Request
from graph.compiled.reads.selection import Unsupported
from graph.guards.keys import Keys
from graph.guards.open_subscriptions import SubscriptionLimits
from graph.guards.persisted_documents import Documents, Refused
from graph.guards.requests import GraphQLRequest, from_body, from_query_string
from graph.guards.revocations import Revocations
from graph.http.exchange import Exchange, Headers
from graph.http.sse import last_event_id, stream_events
from graph.public_url import base_of
from graph.wire.conditional import none_match
from graph.wire.error_body import error_body, http_status
from graph.wire.negotiation import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    body_media_type,
    content_type,
    wants_page,
)
from graph.wire.scope import OPERATION

log = structlog.get_logger(__name__)

_PATH = "/graphql"

#: Entries of the cache from a request's body, byte for byte, to its plan with variables; bytes of a cached body.
_KEPT_REQUESTS = 2_000
_MAX_KEPT_BODY = 4_000

_NOT_MODIFIED = 304
_VARY = (b"vary", b"Accept, Authorization")


@dataclass(slots=True)
class FastPathParts:
    """The parts that the fast path uses. With ``plans`` None every query goes to Strawberry."""

    plans: Plans | None
    reads: ReadCache
    live: Live
    keys: Keys
    subscriptions: SubscriptionLimits
    revocations: Revocations
    documents: Documents
    public_url: str | None
    #: The app for websockets; it bypasses FastAPI's routing, which takes more time and memory than the protocol.
    sockets: ASGIApp


class FastPath:
    """ASGI middleware for ``/graphql``. ``parts`` is filled at startup, under the key "parts"."""

    def __init__(self, app: ASGIApp, parts: Mapping[str, FastPathParts]) -> None:
        self._app = app
        self._parts = parts
        self._kept: LRUCache[bytes, Request] = LRUCache(_KEPT_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = self._parts.get("parts") if scope["type"] != "lifespan" and scope["path"] == _PATH else None
        if parts is not None and scope["type"] == "websocket":
            await parts.sockets(scope, receive, send)
            return
        if parts is not None:
            exchange = Exchange(scope, receive, send)
            try:
                if await self._answered(parts, exchange):
                    return
            except Refused as refused:
                await _refuse(exchange, refused.error)
                return
            scope, receive = exchange.scope, exchange.receive
        await self._app(scope, receive, send)

    async def _answered(self, parts: FastPathParts, exchange: Exchange) -> bool:
        """Whether the request was answered; else pass on the exchange's scope and receive."""
        media_type = exchange.media_type
        body = b""
        if exchange.scope["method"] == "POST":
            if body_media_type(exchange.header(b"content-type")) != JSON:
                return False
            found = await exchange.short_body()
            if found is None:
                return False
            body = found
        elif wants_page(exchange.header(b"accept")):
            return False
        is_read = media_type in (JSON, GRAPHQL_RESPONSE)
        known = self._kept.get(body) if body and is_read else None
        if known is not None and await _answered(parts, exchange, known, media_type):
            return True
        given = _resolved(parts.documents, exchange, body)
        if given is None:
            return False
        if media_type == EVENT_STREAM:
            return await _streamed(parts, exchange, given)
        request = _planned(parts, given) if is_read and known is None else None
        if request is None:
            return False
        if body and len(body) <= _MAX_KEPT_BODY:
            self._kept[body] = request
        return await _answered(parts, exchange, request, media_type)


async def _answered(parts: FastPathParts, exchange: Exchange, request: Request, media_type: str | None) -> bool:
    answer = await _read(parts, exchange, request)
    if answer is not None:
        assert media_type is not None
        await _send(exchange, answer, media_type)
    return answer is not None


def _resolved(documents: Documents, exchange: Exchange, body: bytes) -> GraphQLRequest | None:
    """The request with its document's text; None if Strawberry must refuse it, register it or show GraphiQL.

    The parsed request is stored in the scope (OPERATION), so that it is parsed once.
    """
    scope = exchange.scope
    try:
        if body:
            given = from_body(body)
        elif scope["method"] == "GET" and scope["query_string"]:
            given = from_query_string(scope["query_string"])
        else:
            return None
        scope[OPERATION] = given
        resolved = documents.resolve(given)
    except (BadUserInput, Refused):
        return None
    return None if documents.is_new(resolved) else resolved


def _planned(parts: FastPathParts, given: GraphQLRequest) -> Request | None:
    if parts.plans is None or given.text is None:
        return None
    plan = parts.plans.get(given.text, given.operation_name)
    try:
        return None if plan is None else plan.request(given.variables)
    except (Unsupported, GraphQLError):
        return None


async def _read(parts: FastPathParts, exchange: Exchange, request: Request) -> Answer | None:
    secret = exchange.secret
    if secret is None:
        return None
    asking = Asking(hash_secret(secret), base_of(exchange.scope, parts.public_url))
    try:
        return await parts.reads.answer(request, asking)
    except (OperationTimeout, QueryTooComplex) as error:
        raise Refused(error) from None
    except DATABASE_ERRORS as error:
        log.warning("read_failed", **error_fields(error))
        return None


async def _streamed(parts: FastPathParts, exchange: Exchange, given: GraphQLRequest) -> bool:
    """Sends a subscription's events as server-sent events, if the live layer can compile it; else returns False."""
    secret = exchange.secret
    if secret is None or given.text is None:
        return False
    try:
        seen = last_event_id(exchange.header(b"last-event-id"))
    except BadUserInput:
        return False
    opened = await parts.live.open(Subscribe(given.text, given.operation_name, given.variables, secret, seen))
    if opened is None:
        return False
    with ExitStack() as held:
        try:
            held.enter_context(parts.subscriptions.held(opened.key_id))
        except Overloaded:
            return False  # Strawberry reports the error
        hold = held.enter_context(parts.revocations.held(opened.key_id))
        payloads = parts.live.payloads(opened, base_of(exchange.scope, parts.public_url), hold)
        await stream_events(exchange, payloads)
    return True


async def _send(exchange: Exchange, answer: Answer, media_type: str) -> None:
    headers: Headers = [_VARY]
    if exchange.scope["method"] == "GET" and answer.etag is not None:
        headers += [(b"etag", answer.etag.encode()), (b"cache-control", b"private, no-cache")]
        if not none_match(exchange.header(b"if-none-match"), answer.etag):
            await exchange.answer(_NOT_MODIFIED, headers, b"")
            return
    await _answer(exchange, 200, media_type, headers, answer.body)


async def _refuse(exchange: Exchange, error: VoxLoomError) -> None:
    media_type = exchange.media_type
    if media_type != GRAPHQL_RESPONSE:
        media_type = JSON
    headers = [_VARY, (b"cache-control", b"no-store")]
    status = http_status(error.code) if media_type == GRAPHQL_RESPONSE else 200
    await _answer(exchange, status, media_type, headers, error_body(error))


async def _answer(exchange: Exchange, status: int, media_type: str, headers: Headers, body: bytes) -> None:
    headers.append((b"content-type", content_type(media_type).encode()))
    headers.append((b"content-length", str(len(body)).encode()))
    await exchange.answer(status, headers, body)
