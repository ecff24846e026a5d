"""Operations as HTTP streams: server-sent events, and the multipart answers that Apollo's clients read.

Protocols: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md (distinct connections mode);
https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.streaming import (
    HTTPStreamTransport,
    JSONEncoder,
    MultipartSubscriptionTransport,
    SSETransport,
)
from strawberry.types.graphql import OperationType

from db.errors import BadUserInput
from graph.wire.negotiation import is_event_stream

#: Event numbers are of 32 bits.
_MAX_DIGITS = 10

TextStream = Callable[[], AsyncGenerator[str, None]]


class EventStream(SSETransport):
    """Strawberry's, but with lines that end in LF alone: urql knows no other, and all others know this one."""

    def encode_event(self, event: str, data: str | None = None, seq: int | None = None) -> str:
        """One event; ``seq`` becomes its id, which a client that comes back sends as Last-Event-ID."""
        told = "" if seq is None else f"id: {seq}\n"
        return f"event: {event}\n{told}data:{' ' + data if data else ''}\n\n"

    def encode_comment(self, comment: str) -> str:
        return f": {comment}\n\n"


class Multipart(MultipartSubscriptionTransport):
    """Strawberry's, but with a boundary before the first part and after the last, as RFC 2046 (5.1.1) has them.

    A boundary follows each part at once, so that no client waits for the next event to see this one.
    """

    @property
    def headers(self) -> Mapping[str, str]:
        return {
            "Content-Type": f'multipart/mixed; boundary="{self.separator}"; subscriptionSpec="1.0"',
            "Cache-Control": "no-cache, no-transform",
            "X-Accel-Buffering": "no",
        }

    def allowed_operation_types(self, allowed_operation_types: set[OperationType]) -> Iterable[OperationType]:
        """All: a query has one part and ends."""
        return allowed_operation_types

    def encode_complete(self) -> str:
        return "--\r\n"


class ResumableEventStream(EventStream):
    """The event stream of one subscription: the event that was read last, which ``seq`` tells, is the one encoded."""

    def __init__(self, interval: float, seq: Callable[[], int | None]) -> None:
        super().__init__(interval)
        self._seq = seq

    def encode_next(self, response: GraphQLHTTPResponse, encode_json: JSONEncoder) -> str:
        return self.encode_event("next", encode_json(response), self._seq())


def last_event_id(header: str) -> int:
    """The number of the event that a client saw last, by its Last-Event-ID header; 0 if it sends none.

    Raises BadUserInput for what is no number of an event.
    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
    """
    if not header:
        return 0
    if not (header.isascii() and header.isdigit() and len(header) <= _MAX_DIGITS):
        raise BadUserInput("Last-Event-ID must be the id of an event of this subscription.")
    return int(header)


def last_event_seen(headers: Headers) -> int:
    """The number of the event that a client of an event stream saw last; 0 if none. Raises BadUserInput."""
    return last_event_id(headers.get("last-event-id", "")) if is_event_stream(headers.get("accept")) else 0


def opened(stream: TextStream, transport: HTTPStreamTransport) -> TextStream:
    """The stream with what must stand before its first message."""
    if not isinstance(transport, Multipart):
        return stream

    async def prefixed() -> AsyncGenerator[str, None]:
        yield f"--{transport.separator}"
        async with aclosing(stream()) as chunks:
            async for chunk in chunks:
                yield chunk

    return prefixed


class Stream(StreamingResponse):
    """A streamed answer; when it is over, or the client is gone, nothing of it is left, nor of the request's files."""

    def __init__(self, request: Request, chunks: AsyncGenerator[str, None], headers: Mapping[str, str]) -> None:
        super().__init__(chunks, headers=headers)
        self._request = request
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._chunks.aclose()
            await self._request.close()
