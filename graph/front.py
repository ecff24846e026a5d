"""The way in for GraphQL over HTTP: what was admitted before is answered here, all else goes the full way.

The full way parses, validates, checks the limits, and admits what passed (``graph.admission``). Both give the same
bytes. Whatever goes wrong here (a key that is none, a session that is not there, a database that is away) is left to
the full way too, which has the words for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from cachetools import LRUCache
from graphql import GraphQLError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.keys import hash_of
from db.logs import place_of
from db.outage import DATABASE_ERRORS
from graph.auth import secret_in_headers
from graph.documents import Documents, Refused
from graph.negotiation import GRAPHQL_RESPONSE, JSON, chosen_media_type, content_type, status_of
from graph.public_url import base_of
from graph.reads.answers import Answer, Answers, Asking
from graph.reads.plans import Plans, Request
from graph.reads.selection import Unsupported
from graph.requests import GraphQLRequest, from_body, from_query_string

log = structlog.get_logger(__name__)

_PATH = "/graphql"

#: Bodies longer than this are not looked at here: they bring recordings.
_MAX_BODY = 64_000

#: Requests that came before, letter by letter, and what they came to.
_KEPT_REQUESTS = 2_000
_MAX_KEPT_BODY = 4_000

_NOT_MODIFIED = 304
_VARY = (b"vary", b"Accept, Authorization")


@dataclass(slots=True)
class FrontParts:
    """What the front works with. Without ``plans`` every document goes the full way."""

    plans: Plans | None
    answers: Answers
    documents: Documents
    public_url: str | None


@dataclass(slots=True)
class _Exchange:
    """One HTTP request, and the ways to hear more of it and to answer."""

    scope: Scope
    receive: Receive
    send: Send
    headers: dict[bytes, bytes]

    @property
    def media_type(self) -> str | None:
        return chosen_media_type(self.headers.get(b"accept", b"").decode("latin-1"))


class Front:
    """ASGI middleware for ``/graphql``. ``parts`` is filled when the server has started."""

    def __init__(self, app: ASGIApp, parts: Mapping[str, FrontParts]) -> None:
        self._app = app
        self._parts = parts
        self._kept: LRUCache[bytes, Request] = LRUCache(_KEPT_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = self._parts.get("front")
        if parts is not None and scope["type"] == "http" and scope["path"] == _PATH:
            exchange = _Exchange(scope, receive, send, dict(scope["headers"]))
            if await self._answered(parts, exchange):
                return
            scope, receive = exchange.scope, exchange.receive
        await self._app(scope, receive, send)

    async def _answered(self, parts: FrontParts, exchange: _Exchange) -> bool:
        """Whether it was answered; else ``exchange`` may be another by now, for the full way."""
        try:
            if exchange.scope["method"] == "GET":
                request = _of_get(parts, exchange)
            elif exchange.scope["method"] == "POST" and _content_type(exchange) == b"application/json":
                request = await self._of_post(parts, exchange)
            else:
                return False
        except Refused as refused:
            await _refuse(exchange, refused.error)
            return True
        media_type = exchange.media_type
        if request is None or media_type not in (JSON, GRAPHQL_RESPONSE):
            return False
        answer = await _read_answer(parts, exchange, request)
        if answer is None:
            return False
        await _send(exchange, answer, media_type)
        return True

    async def _of_post(self, parts: FrontParts, exchange: _Exchange) -> Request | None:
        body = await _receive_short(exchange)
        if body is None:
            return None
        request = self._kept.get(body)
        if request is not None:
            return request
        given = from_body(body)
        if given is None:
            return None
        resolved = parts.documents.resolve(given)
        if resolved is not given:
            exchange.receive = _replaying([{"type": "http.request", "body": resolved.as_body()}], exchange.receive)
            exchange.scope = _without_length(exchange.scope)
        request = _planned(parts, resolved)
        if request is not None and len(body) <= _MAX_KEPT_BODY:
            self._kept[body] = request
        return request


def _of_get(parts: FrontParts, exchange: _Exchange) -> Request | None:
    query = exchange.scope["query_string"]
    given = from_query_string(query) if query else None
    if given is None:
        return None
    resolved = parts.documents.resolve(given)
    if resolved is not given:
        exchange.scope = {**exchange.scope, "query_string": resolved.as_query_string()}
    return _planned(parts, resolved)


def _planned(parts: FrontParts, given: GraphQLRequest) -> Request | None:
    if parts.plans is None or given.text is None:
        return None
    plan = parts.plans.get(given.text, given.operation_name)
    try:
        return None if plan is None else plan.request(given.variables)
    except (Unsupported, GraphQLError):
        return None


async def _read_answer(parts: FrontParts, exchange: _Exchange, request: Request) -> Answer | None:
    secret = secret_in_headers({"authorization": exchange.headers.get(b"authorization", b"").decode("latin-1")})
    if secret is None:
        return None
    host = orjson.dumps(base_of(exchange.scope, parts.public_url))[1:-1].decode()
    try:
        return await parts.answers.answer(request, Asking(hash_of(secret), host))
    except DATABASE_ERRORS as error:
        log.warning("read_failed", error=type(error).__name__, where=place_of(error))
        return None


async def _send(exchange: _Exchange, answer: Answer, media_type: str) -> None:
    told = [(b"content-type", content_type(media_type).encode()), _VARY]
    if exchange.scope["method"] == "GET" and answer.etag is not None:
        etag = answer.etag.encode()
        caching = [(b"etag", etag), (b"cache-control", b"private, no-cache")]
        if _has(exchange, etag):
            await exchange.send({"type": "http.response.start", "status": _NOT_MODIFIED, "headers": [_VARY, *caching]})
            await exchange.send({"type": "http.response.body", "body": b""})
            return
        told += caching
    await _send_body(exchange, 200, told, answer.body)


def _has(exchange: _Exchange, etag: bytes) -> bool:
    """Whether the client has this version already (RFC 9110, section 13.1.2)."""
    told = exchange.headers.get(b"if-none-match", b"").split(b",")
    return any(each.strip().removeprefix(b"W/") in (etag, b"*") for each in told)


async def _refuse(exchange: _Exchange, error: dict[str, Any]) -> None:
    media_type = exchange.media_type
    if media_type not in (JSON, GRAPHQL_RESPONSE):
        media_type = JSON
    answer = {"errors": [error]}
    told = [(b"content-type", content_type(media_type).encode()), (b"cache-control", b"no-store")]
    await _send_body(exchange, status_of(media_type, answer), told, orjson.dumps(answer))


async def _send_body(exchange: _Exchange, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers.append((b"content-length", str(len(body)).encode()))
    await exchange.send({"type": "http.response.start", "status": status, "headers": headers})
    await exchange.send({"type": "http.response.body", "body": body})


def _content_type(exchange: _Exchange) -> bytes:
    return exchange.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


async def _receive_short(exchange: _Exchange) -> bytes | None:
    """The body, if it is short and came whole. Either way the full way can receive it again."""
    messages: list[Message] = []
    size, whole = 0, False
    while not whole and size <= _MAX_BODY:
        message = await exchange.receive()
        messages.append(message)
        if message["type"] != "http.request":
            break
        size += len(message.get("body", b""))
        whole = not message.get("more_body", False)
    exchange.receive = _replaying(messages, exchange.receive)
    return b"".join(message.get("body", b"") for message in messages) if whole and size <= _MAX_BODY else None


def _replaying(messages: Sequence[Message], receive: Receive) -> Receive:
    again = iter(messages)

    async def replay() -> Message:
        message = next(again, None)
        return await receive() if message is None else message

    return replay


def _without_length(scope: Scope) -> Scope:
    return {**scope, "headers": [each for each in scope["headers"] if each[0] != b"content-length"]}
