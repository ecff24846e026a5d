"""uvicorn's HTTP protocol with limits: bounded heads, deadlines, bounded connections.

uvicorn alone keeps a head of any size, and waits for the rest of a request for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from db.errors import BadUserInput, Overloaded, VoxLoomError
from graph.http.connections import Connections
from graph.http.gathering_transport import GatheringTransport
from graph.http.http10 import Http10Cycle
from graph.http.websocket_protocol import SocketProtocol
from graph.wire.error_body import error_body
from graph.wire.scope import BYTES_HELD, KEY_SHOWN

#: Requests on one connection that were sent before the answers to those before them.
_MAX_PIPELINED = 16

#: After an answer that did not wait for the whole body: how long, and how much of, the rest is read and thrown away.
#: A connection that is closed while the client still sends is reset, and the answer is lost with it.
_LINGER_SECONDS = 5
_LINGER_BYTES = 40_000_000
_LINGER_HEAD_BYTES = 2_000_000

log = structlog.get_logger(__name__)


#: Chunks of a body (RFC 9112, section 7.1) that one read of the socket may hold, if they are smaller than this.
_MAX_SMALL_CHUNKS = 4_096
_SMALL_CHUNK_BYTES = 64


class _RefusedError(Exception):
    """Has the parser stop within what it was fed.

    One read may hold 40,000 headers or chunks, and each would be a call of ours.
    """


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's with limits; and an answer's head and body leave together: one call of the kernel, one packet."""

    # Any: uvicorn's own arguments are handed on.
    def __init__(self, *given: Any, connections: Connections, **named: Any) -> None:
        super().__init__(*given, **named)
        self._open = connections
        self._limits = connections.limits
        self._extensions: dict[str, dict[object, object]] = {}
        self._refused = False
        #: When the head that is being received began; None outside of heads.
        self._head_since: float | None = None
        #: When the body that is being received began; None outside of bodies.
        self._body_since: float | None = None
        self._in_message = False
        self._heard = 0.0
        self._answered: float | None = None
        self._stalled: float | None = None
        self._head_bytes = self._unparsed = self._thrown_away = 0
        self._chunks = self._chunk_bytes = 0  # of this read

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        gathering = GatheringTransport(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", gathering))
        slot = self._open.admit(self.client[0] if self.client else "")
        if slot is None:
            self._refused = True
            self.transport.write(_refusal(503, Overloaded("There are as many connections as there may be.", 1)))
            self.transport.close()
            return
        gathering.slot = slot
        extensions = {KEY_SHOWN: slot.key_shown, BYTES_HELD: self._open.held}
        self._extensions = cast("dict[str, dict[object, object]]", extensions)  # as uvicorn declares them
        self._head_since = self._heard = self.loop.time()
        self._open.watch(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._open.unwatch(self)
        slot = cast("GatheringTransport", self.transport).slot
        if slot is not None:
            slot.close()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._throw_away(len(data))
            return
        self._heard = self.loop.time()
        if self._in_message and self._head_since is not None:
            self._unparsed += len(data)  # part of a header that the parser does not tell of before it is whole
        self._parse(data)
        if self._refused:
            return
        if self._head_since is not None and self._unparsed > self._limits.max_head_bytes:
            self._refuse_head()
        elif self._head_since is None and not self._in_message and self._is_idle:
            self._head_since = self._heard  # empty lines, which end the wait for another request
        elif self._body_since is not None and self._answered is not None:
            self._throw_away(len(data))

    def _parse(self, data: bytes) -> None:
        """As uvicorn's ``data_received``, but that a stranger's broken request is not a line in the log."""
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
            self._refuse(431, BadUserInput(f"More than {_MAX_PIPELINED} requests wait for their answers."))
            raise _RefusedError
        self._head_since = self._answered = None
        self._body_since = self._heard
        super().on_headers_complete()
        if self.cycle is not None and self.scope["http_version"] == "1.0":
            self.cycle.__class__ = Http10Cycle  # its task has not begun

    def on_body(self, body: bytes) -> None:
        self._chunks += 1
        self._chunk_bytes += len(body)
        if self._chunks > _MAX_SMALL_CHUNKS and self._chunk_bytes < _SMALL_CHUNK_BYTES * self._chunks:
            if self.cycle.response_started:
                self._refused = True
                self.transport.abort()
            else:
                small = f"The body comes in thousands of chunks of less than {_SMALL_CHUNK_BYTES} bytes."
                self._refuse(400, BadUserInput(small))
            raise _RefusedError
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_message = False
        self._body_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_idle:  # else there is another request, which may be coming still
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
            # websockets takes fewer and shorter lines than HTTP does here, and says nothing about it.
            self.transport.write(_refusal(431, BadUserInput("The head of the websocket's request is too large.")))
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stalled = None

    def check_deadlines(self, now: float) -> None:
        """Ends the connection if a head, a body or the reading of an answer takes longer than it may."""
        limits = self._limits
        if self.transport.is_closing():
            if self._stalled is not None and now - self._stalled > limits.stalled_write_seconds:
                self.transport.abort()
        elif self._refused:
            if now - self._heard > _LINGER_SECONDS or now - (self._answered or now) > _LINGER_SECONDS:
                self.transport.close()
        elif self._stalled is not None and now - self._stalled > limits.stalled_write_seconds:
            self.transport.abort()
        elif self.flow.read_paused:  # the wait is ours
            self._heard = now
            self._head_since = None if self._head_since is None else now
        elif self._head_since is not None:
            if now - self._head_since > limits.head_seconds:
                self._end_late("head", said=self._in_message)
        elif self._body_since is not None:
            if self._answered is not None:
                if now - self._answered > _LINGER_SECONDS:
                    self.transport.close()
            elif now - self._heard > limits.body_idle_seconds or now - self._body_since > limits.body_seconds:
                self._end_late("body", said=not self.cycle.response_started)

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _end_late(self, part: str, *, said: bool) -> None:
        if said:
            self.transport.write(_refusal(408, BadUserInput(f"The {part} of the request did not come in time.")))
        self.transport.close()

    def _refuse_head(self) -> None:
        limits = self._limits
        message = f"The request's head has more than {limits.max_head_bytes} bytes or {limits.max_headers} headers."
        self._refuse(431, BadUserInput(message))

    def _refuse(self, status: int, error: VoxLoomError) -> None:
        """Answers, and reads no more of what comes; closes when the client has had time to read the answer."""
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
