"""Write coalescing: a transport that sends a response's head and body in one write and one packet."""

from __future__ import annotations

import asyncio

from graph.http.connections import Slot


class GatheringTransport:
    """Wraps a transport; joins the writes of one event-loop iteration into one.

    ``slot``: the connection's slot in `Connections`, which a websocket upgrade takes over.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.slot: Slot | None = None
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))
