"""Server-sent events: their encoding, Last-Event-ID, and the stream of a subscription that the live layer follows.

Protocol: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md (distinct connections mode).
Strawberry merges the heartbeats and `Stream` sends, for these streams and for those of resolvers.
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

#: Event numbers are of 32 bits.
_MAX_DIGITS = 10


class EventStream(SSETransport):
    """Strawberry's, but with lines that end in LF alone: urql knows no other, and all others know this one."""

    def encode_event(self, event: str, data: str | None = None, seq: int | None = None) -> str:
        """One event; ``seq`` becomes its id, which a client that comes back sends as Last-Event-ID."""
        told = "" if seq is None else f"id: {seq}\n"
        return f"event: {event}\n{told}data:{' ' + data if data else ''}\n\n"

    def encode_comment(self, comment: str) -> str:
        return f": {comment}\n\n"


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


async def stream_events(exchange: Exchange, payloads: AsyncGenerator[Payload, None]) -> None:
    """Sends each payload as an event, and one more at the end; returns early when the client goes."""
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
        except Unauthenticated as error:  # the key was revoked meanwhile
            yield transport.encode_event("next", failed_result(error))
    yield transport.encode_complete()
