"""Delivery of tool calls: whether a request can have reached its MCP server.

The SDK reports a lost connection, but not whether the request had been sent. So the transport to an external server is
wrapped and counts sent calls: a call that was never sent did nothing; the outcome of any other call without an answer
is unknown.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

import anyio
import httpx2
from mcp.client._transport import Transport, TransportStreams, WriteStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest

_CALL = "tools/call"


class Delivery:
    """Counts the requests of one tool call that may have reached the server: the SDK may send several."""

    def __init__(self) -> None:
        self.sent = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Requests sent in this context, by this task and tasks that it starts, count for this call."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: ContextVar[Delivery | None] = ContextVar("delivery", default=None)


class _WatchedStream:
    """A transport's write stream (``mcp.client._transport.WriteStream``) that counts the tool calls it takes."""

    def __init__(self, stream: WriteStream[SessionMessage]) -> None:
        self._stream = stream

    async def send(self, item: SessionMessage, /) -> None:
        delivery = _current.get()
        if delivery is None or not (isinstance(item.message, JSONRPCRequest) and item.message.method == _CALL):
            await self._stream.send(item)
            return
        delivery.sent += 1
        try:
            await self._stream.send(item)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):  # not taken by the transport
            delivery.sent -= 1
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stream.__aexit__(kind, error, trace)


@asynccontextmanager
async def watched(transport: Transport) -> AsyncGenerator[TransportStreams, None]:
    """Wraps a transport so that it counts tool calls."""
    async with transport as (read, write):
        yield read, _WatchedStream(write)


class WatchedHttpClient(httpx2.AsyncClient):
    """An HTTP client that uncounts a request when no connection to the server could be made."""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        try:
            return await super().send(request, **options)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            delivery = _current.get()
            if delivery is not None and request.method == "POST":
                delivery.sent -= 1
            raise
