"""uvicorn's HTTP/1.1 protocol with limits against slow loris: head size, deadlines, pipelining, connections.

uvicorn alone buffers a head of any size and waits for the rest of a request without a deadline.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from db.errors import BadUserInput, Overloaded, VoxLoomError
from graph.http.connections import WAIT_SECONDS, Connections, Slot
from graph.http.gathering_transport import GatheringTransport
from graph.http.http10 import Http10Cycle
from graph.http.websocket_protocol import SocketProtocol
from graph.wire.error_body import error_body
from graph.wire.scope import BYTES_HELD, KEY_SHOWN

#: Pipelined requests of one connection that wait for their responses.
_MAX_PIPELINED = 16

#: After a response that did not read the whole body (lingering close): seconds and bytes of the rest that are read and
#: discarded. Closing a connection while the client sends resets it (TCP RST), and the response is lost.
_LINGER_SECONDS = 5
_LINGER_BYTES = 40_000_000
_LINGER_HEAD_BYTES = 2_000_000

log = structlog.get_logger(__name__)


#: Chunks (RFC 9112, section 7.1) in one read of the socket, if they are on average smaller than this.
_MAX_SMALL_CHUNKS = 4_096
_SMALL_CHUNK_BYTES = 64


class _RefusedError(Exception):
    """Aborts the parser within a read, which may hold 40,000 headers or chunks, each a callback in Python."""


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits; a response's head and body are sent in one system call."""

    # Any: uvicorn's arguments are passed through.
    def __init__(self, *given: Any, connections: Connections, **named: Any) -> None:
        super().__init__(*given, **named)
        self._open = connections
        self._limits = connections.limits
        self._extensions: dict[str, dict[object, object]] = {}
        self._refused = False
        #: When the current head began (loop time); None outside a head.
        self._head_since: float | None = None
        #: When the current body began (loop time); None outside a body.
        self._body_since: float | None = None
        self._in_message = False
        self._heard = 0.0
        self._answered: float | None = None
        self._stalled: float | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._unread: list[bytes] = []  # received while it waits
        self._head_bytes = self._unparsed = self._thrown_away = 0
        self._chunks = self._chunk_bytes = 0  # of this read

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        gathering = GatheringTransport(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", gathering))
        slot = self._open.admit(self.client[0] if self.client else "")
        if slot is None or not slot.hold(sum(map(len, self._unread))):
            self._refused = True
            self.transport.write(_refusal(503, Overloaded("The server has reached its limit of connections.", 1)))
            self.transport.close()
            return
        gathering.slot = slot
        if slot.waits:
            self.transport.pause_reading()
            self._waiting = self.loop.call_later(WAIT_SECONDS, self.transport.abort)
            slot.when_its_turn_comes(self._read_at_last)
        else:
            self._begin(slot)

    def _read_at_last(self) -> None:
        slot = cast("GatheringTransport", self.transport).slot
        if slot is None or self._waiting is None or self.transport.is_closing():
            return
        self._waiting.cancel()
        self._waiting = None
        self._begin(slot)
        self.transport.resume_reading()
        unread, self._unread = self._unread, []
        slot.hold(0)
        for data in unread:
            if not self.transport.is_closing():
                cast("asyncio.Protocol", self.transport.get_protocol()).data_received(data)

    def _keep_unread(self, data: bytes) -> None:
        """Keeps what uvloop has read from a connection that waits: it reads once after ``connection_made``, whatever
        was paused there. It counts among the bytes in flight.
        """
        slot = cast("GatheringTransport", self.transport).slot
        self._unread.append(data)
        if slot is None or not slot.hold(sum(map(len, self._unread))):
            self.transport.abort()
        else:
            self.transport.pause_reading()

    def _begin(self, slot: Slot) -> None:
        extensions = {KEY_SHOWN: slot.key_shown, BYTES_HELD: self._open.held}
        self._extensions = cast("dict[str, dict[object, object]]", extensions)  # as uvicorn declares them
        self._head_since = self._heard = self.loop.time()
        self._open.watch(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._open.unwatch(self)
        if self._waiting is not None:
            self._waiting.cancel()
        slot = cast("GatheringTransport", self.transport).slot
        if slot is not None:
            slot.close()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._throw_away(len(data))
            return
        if self._waiting is not None:
            self._keep_unread(data)
            return
        self._heard = self.loop.time()
        if self._in_message and self._head_since is not None:
            self._unparsed += len(data)  # an incomplete header, which the parser does not report yet
        self._parse(data)
        if self._refused:
            return
        if self._head_since is not None and self._unparsed > self._limits.max_head_bytes:
            self._refuse_head()
        elif self._head_since is None and not self._in_message and self._is_idle:
            self._head_since = self._heard  # empty lines before a request end the keep-alive wait
        elif self._body_since is not None and self._answered is not None:
            self._throw_away(len(data))

    def _parse(self, data: bytes) -> None:
        """As uvicorn's ``data_received``, but without a log line for each invalid request."""
        self._unset_keepalive_if_required()
        self._chunks = self._chunk_bytes = 0
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        except httptools.HttpParserError:
            if not self._refused:
                self.send_400_response("Invalid HTTP request received.")

    def eof_received(self) -> None:
        if self._refused:
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._in_message = True
        self._head_bytes = self._unparsed = 0
        self._answered = None
        self._thrown_away = 0
        if self._head_since is None:
            self._head_since = self._heard

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        if self._head_bytes > self._limits.max_head_bytes:
            self._refuse_head()
            raise _RefusedError
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > self._limits.max_head_bytes or len(self.headers) >= self._limits.max_headers:
            self._refuse_head()
            raise _RefusedError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= _MAX_PIPELINED:
            self._refuse(431, BadUserInput(f"More than {_MAX_PIPELINED} pipelined requests wait for their responses."))
            raise _RefusedError
        self._head_since = self._answered = None
        self._body_since = self._heard
        super().on_headers_complete()
        if self.cycle is not None and self.scope["http_version"] == "1.0":
            self.cycle.__class__ = Http10Cycle  # its task has not started yet

    def on_body(self, body: bytes) -> None:
        self._chunks += 1
        self._chunk_bytes += len(body)
        if self._chunks > _MAX_SMALL_CHUNKS and self._chunk_bytes < _SMALL_CHUNK_BYTES * self._chunks:
            if self.cycle.response_started:
                self._refused = True
                self.transport.abort()
            else:
                small = f"The body has thousands of chunks smaller than {_SMALL_CHUNK_BYTES} bytes."
                self._refuse(400, BadUserInput(small))
            raise _RefusedError
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_message = False
        self._body_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_idle:  # else another request is pipelined, perhaps incomplete
            self._answered = self.loop.time()
            if self._body_since is not None:
                self._open.discarding.pause(self.transport)
        if not self._in_message:
            self._head_since = None

    def handle_websocket_upgrade(self) -> None:
        self._in_message = False
        self._head_since = self._body_since = None
        self._open.unwatch(self)
        super().handle_websocket_upgrade()
        protocol = self.transport.get_protocol()
        if isinstance(protocol, SocketProtocol) and not protocol.handshake_initiated:
            # The websockets library accepts fewer and shorter header lines, and reports nothing.
            self.transport.write(_refusal(431, BadUserInput("The head of the websocket's request is too large.")))
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stalled = None

    def check_deadlines(self, now: float) -> None:
        """Closes the connection if receiving a head or body, or sending a response, exceeds its deadline."""
        limits = self._limits
        if self.transport.is_closing():
            if self._stalled is not None and now - self._stalled > limits.stalled_write_seconds:
                self.transport.abort()
        elif self._refused:
            if now - self._heard > _LINGER_SECONDS or now - (self._answered or now) > _LINGER_SECONDS:
                self.transport.close()
        elif self._stalled is not None and now - self._stalled > limits.stalled_write_seconds:
            self.transport.abort()
        elif self.flow.read_paused:  # the server is the one that waits
            self._heard = now
            self._head_since = None if self._head_since is None else now
        elif self._head_since is not None:
            if now - self._head_since > limits.head_seconds:
                self._end_late("head", answer=self._in_message)
        elif self._body_since is not None:
            if self._answered is not None:
                if now - self._answered > _LINGER_SECONDS:
                    self.transport.close()
            elif now - self._heard > limits.body_idle_seconds or now - self._body_since > limits.body_seconds:
                self._end_late("body", answer=not self.cycle.response_started)

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _end_late(self, part: str, *, answer: bool) -> None:
        if answer:
            self.transport.write(_refusal(408, BadUserInput(f"The {part} of the request was not received in time.")))
        self.transport.close()

    def _refuse_head(self) -> None:
        limits = self._limits
        message = f"The request's head has more than {limits.max_head_bytes} bytes or {limits.max_headers} headers."
        self._refuse(431, BadUserInput(message))

    def _refuse(self, status: int, error: VoxLoomError) -> None:
        """Sends an error, stops parsing, and closes when the client has had time to read the response."""
        if self._refused:
            return
        self._refused = True
        self._answered = self._heard = self.loop.time()
        self.headers = []
        self.transport.write(_refusal(status, error))
        if not self.pipeline and self._is_idle:
            cast("GatheringTransport", self.transport).flush()
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self._open.watch(self)
        else:
            self.transport.close()

    def _throw_away(self, size: int) -> None:
        self._thrown_away += size
        if self._thrown_away > (_LINGER_HEAD_BYTES if self._refused else _LINGER_BYTES):
            self.transport.abort()
        else:
            self._open.discarding.pause(self.transport)


def _refusal(status: int, error: VoxLoomError) -> bytes:
    body = error_body(error)
    head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
    return STATUS_LINE[status] + head + body
