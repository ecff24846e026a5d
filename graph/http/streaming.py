"""Streamed HTTP responses, and Apollo's multipart protocol for subscriptions.

Protocol: https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing

from fastapi import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from strawberry.http.streaming import HTTPStreamTransport, MultipartSubscriptionTransport
from strawberry.types.graphql import OperationType

TextStream = Callable[[], AsyncGenerator[str, None]]


class Multipart(MultipartSubscriptionTransport):
    """Strawberry's transport with boundaries before the first part and after the last (RFC 2046, section 5.1.1).

    Each part is followed by a boundary immediately, so that clients need not wait for the next event.
    """

    @property
    def headers(self) -> Mapping[str, str]:
        return {
            "Content-Type": f'multipart/mixed; boundary="{self.separator}"; subscriptionSpec="1.0"',
            "Cache-Control": "no-cache, no-transform",
            "X-Accel-Buffering": "no",
        }

    def allowed_operation_types(self, allowed_operation_types: set[OperationType]) -> Iterable[OperationType]:
        """All operation types: a query's response has one part."""
        return allowed_operation_types

    def encode_complete(self) -> str:
        return "--\r\n"


def opened(stream: TextStream, transport: HTTPStreamTransport) -> TextStream:
    """The stream with the transport's prefix before its first message."""
    if not isinstance(transport, Multipart):
        return stream

    async def prefixed() -> AsyncGenerator[str, None]:
        yield f"--{transport.separator}"
        async with aclosing(stream()) as chunks:
            async for chunk in chunks:
                yield chunk

    return prefixed


class Stream(StreamingResponse):
    """A streamed response; at its end or a disconnect it closes its generator and the request's uploaded files."""

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
