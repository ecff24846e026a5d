"""Operations as HTTP streams: the streamed response, and the multipart answers that Apollo's clients read.

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
