"""Server-sent events (SSE): encoding, resumption by Last-Event-ID, and streams of compiled subscriptions.

Protocol: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md (distinct connections mode).
Strawberry merges in the heartbeats and `Stream` sends, for compiled subscriptions and for resolvers.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from fastapi import Request
from starlette.datastructures import Headers
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.streaming import JSONEncoder, SSETransport, merge_stream_with_heartbeat

from db.errors import BadUserInput, Unauthenticated
from graph.compiled.live.live import Payload
from graph.http.exchange import Exchange
from graph.http.streaming import Stream
from graph.wire.error_body import failed_result
from graph.wire.negotiation import is_event_stream

#: Event numbers (``seq``) are 32-bit.
_MAX_DIGITS = 10


class EventStream(SSETransport):
    """Strawberry's SSE transport with LF line endings, the only ones that urql accepts; all clients accept them."""

    def encode_event(self, event: str, data: str | None = None, seq: int | None = None) -> str:
        """One event; ``seq`` is its id, which a reconnecting client sends as Last-Event-ID."""
        event_id = "" if seq is None else f"id: {seq}\n"
        return f"event: {event}\n{event_id}data:{' ' + data if data else ''}\n\n"

    def encode_comment(self, comment: str) -> str:
        return f": {comment}\n\n"


class ResumableEventStream(EventStream):
    """The event stream of one subscription; ``seq`` returns the number of the event that is being encoded."""

    def __init__(self, interval: float, seq: Callable[[], int | None]) -> None:
        super().__init__(interval)
        self._seq = seq

    def encode_next(self, response: GraphQLHTTPResponse, encode_json: JSONEncoder) -> str:
        return self.encode_event("next", encode_json(response), self._seq())


def last_event_id(header: str) -> int:
    """The number of the last event that a client received, from its Last-Event-ID header; 0 without one.

    Raises BadUserInput for anything but an event number.
    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
    """
    if not header:
        return 0
    if not (header.isascii() and header.isdigit() and len(header) <= _MAX_DIGITS):
        raise BadUserInput("Last-Event-ID must be the id of an event of this subscription.")
    return int(header)


def last_event_seen(headers: Headers) -> int:
    """`last_event_id` of a request that accepts an event stream; 0 for other requests. Raises BadUserInput."""
    return last_event_id(headers.get("last-event-id", "")) if is_event_stream(headers.get("accept")) else 0


async def stream_events(exchange: Exchange, payloads: AsyncGenerator[Payload, None]) -> None:
    """Sends each payload as a ``next`` event, then ``complete``; returns early when the client disconnects."""
    transport = EventStream()
    events = _events(transport, payloads)
    chunks = merge_stream_with_heartbeat(
        lambda: events,
        lambda: transport.heartbeat_message(json.dumps),
        interval=transport.heartbeat_interval,
        send_initial_heartbeat=transport.send_initial_heartbeat,
    )
    try:
        stream = Stream(Request(exchange.scope), chunks(), transport.headers)
        await stream(exchange.scope, exchange.receive, exchange.send)
    finally:
        await events.aclose()


async def _events(transport: EventStream, payloads: AsyncGenerator[Payload, None]) -> AsyncGenerator[str, None]:
    async with aclosing(payloads):
        try:
            async for seq, text in payloads:
                yield transport.encode_event("next", text, seq)
        except Unauthenticated as error:  # the key was revoked
            yield transport.encode_event("next", failed_result(error))
    yield transport.encode_complete()
