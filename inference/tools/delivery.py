"""How far the request of a tool call came: whether its server can have seen it at all.

The SDK tells a caller that a connection was lost, but not whether the request had been sent. Here the transport of an
external server is watched instead. A call whose request never left this process was not made; of every other call that
has no answer it is not known what it did.
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
    """Counts the requests of one call that may have reached the server: the SDK may send more than one."""

    def __init__(self) -> None:
        self.sent = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """What is sent meanwhile, from this task and those it causes, belongs to this call."""
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
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):  # nobody took it
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
    """The transport, its tool calls counted."""
    async with transport as (read, write):
        yield read, _WatchedStream(write)


class WatchedHttpClient(httpx2.AsyncClient):
    """An HTTP client that takes back what it counted as sent when no connection to the server was made."""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        try:
            return await super().send(request, **options)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            delivery = _current.get()
            if delivery is not None and request.method == "POST":
                delivery.sent -= 1
            raise
