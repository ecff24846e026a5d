"""A minimal websocket client for subscriptions (RFC 6455, graphql-transport-ws).

It makes nothing of an event but its number and the time at which it came, so that a thousand of them take little.
"""

from __future__ import annotations

import asyncio
import re
import time
from array import array
from typing import cast

import orjson

_SEQ = re.compile(rb'"seq": ?([0-9]+)')
_NEXT = re.compile(rb'"type": ?"next"')
_ACK = re.compile(rb'"type": ?"connection_ack"')
_PING = re.compile(rb'"type": ?"ping"')
_TEXT, _BINARY, _CLOSE, _KNOCK, _ANSWER = 1, 2, 8, 9, 10


class Heard:
    """What all sockets of a process got: who, which number, and when (time.monotonic, the same in every process)."""

    def __init__(self) -> None:
        self.listeners = array("l")
        self.seqs = array("l")
        self.times = array("d")
        self.lost: list[str] = []
        self.enough = asyncio.Event()
        self._wanted = 0

    def add(self, listener: int, seq: int) -> None:
        self.listeners.append(listener)
        self.seqs.append(seq)
        self.times.append(time.monotonic())
        if len(self.seqs) == self._wanted:
            self.enough.set()

    def want(self, count: int) -> None:
        """Sets ``enough`` when there are so many."""
        self._wanted = count
        self.enough.clear()
        if len(self.seqs) >= count:
            self.enough.set()

    def take(self) -> tuple[array[int], array[int], array[float]]:
        """Hands out the columns, and begins new ones."""
        taken = self.listeners, self.seqs, self.times
        self.listeners, self.seqs, self.times = array("l"), array("l"), array("d")
        return taken


class Socket(asyncio.Protocol):
    """One listener. ``open``: the first event came."""

    def __init__(self, number: int, heard: Heard, port: int, hello: bytes, subscribe: bytes) -> None:
        self._number = number
        self._heard = heard
        self._port = port
        self._hello = hello
        self._subscribe = subscribe
        self._buffer = b""
        self._upgraded = False
        self._closing = False
        self._transport: asyncio.Transport
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._upgraded:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101 "):
                self._fail(f"No websocket: {head[:200]!r}")
                return
            self._upgraded, self._buffer = True, rest
            self._send(_TEXT, self._hello)
        self._frames()

    def _frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            size, begin = buffer[at + 1] & 127, at + 2
            if size == 126:
                begin += 2
                size = int.from_bytes(buffer[at + 2 : begin])
            elif size == 127:
                begin += 8
                size = int.from_bytes(buffer[at + 2 : begin])
            if len(buffer) < begin or len(buffer) < begin + size:
                break
            self._frame(buffer[at] & 15, buffer[begin : begin + size])
            at = begin + size
        self._buffer = buffer[at:]

    def _frame(self, kind: int, payload: bytes) -> None:
        if kind in (_TEXT, _BINARY):
            if _NEXT.search(payload) and (seq := _SEQ.search(payload)):
                self._heard.add(self._number, int(seq[1]))
                if not self.open.done():
                    self.open.set_result(None)
            elif _ACK.search(payload):
                self._send(_TEXT, self._subscribe)
            elif _PING.search(payload):
                self._send(_TEXT, b'{"type":"pong"}')
            else:
                self._fail(f"Not an event: {payload[:300]!r}")
        elif kind == _KNOCK:
            self._send(_ANSWER, payload)
        elif kind == _CLOSE and not self._closing:
            self._fail(f"Closed: {payload!r}")

    def _send(self, kind: int, payload: bytes) -> None:
        """A whole frame; its mask is four zeros, which leave the payload as it is."""
        size = len(payload)
        length = bytes([128 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
        self._transport.write(bytes([128 | kind]) + length + bytes(4) + payload)

    def leave(self) -> None:
        self._closing = True
        self._send(_CLOSE, (1000).to_bytes(2))
        self._transport.close()

    def _fail(self, reason: str) -> None:
        self._heard.lost.append(reason)
        if not self.open.done():
            self.open.set_exception(ConnectionError(reason))
        self._closing = True
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._closing:
            self._fail(f"Lost: {error!r}")


def hello(key: str) -> bytes:
    return orjson.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {key}"}})


def subscribe(query: str, session_id: str, after_seq: int) -> bytes:
    variables = {"id": session_id, "after": after_seq}
    return orjson.dumps({"id": "1", "type": "subscribe", "payload": {"query": query, "variables": variables}})
