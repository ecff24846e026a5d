"""uvicorn's HTTP and websocket protocols with limits: bounded heads and messages, deadlines, bounded connections.

uvicorn alone keeps a head of any size, and waits for the rest of a request for ever.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request

from db.errors import BadUserInput, Overloaded, VoxLoomError
from graph.http.connections import Connections, Slot
from graph.http.http10 import Http10Cycle
from graph.wire.scope import BYTES_HELD, KEY_SHOWN, PUSH

#: Requests on one connection that were sent before the answers to those before them.
_MAX_PIPELINED = 16

#: After an answer that did not wait for the whole body: how long, and how much of, the rest is read and thrown away.
#: A connection that is closed while the client still sends is reset, and the answer is lost with it.
_LINGER_SECONDS = 5
_LINGER_BYTES = 40_000_000
_LINGER_HEAD_BYTES = 2_000_000

#: A websocket message before connection_ack, and how many may wait.
STRANGER_MESSAGE_BYTES = 16_384
_STRANGER_MESSAGES = 16

#: Frames that one message may come in (RFC 6455, section 5.4); clients send a message in one.
_MAX_FRAGMENTS = 1_000

log = structlog.get_logger(__name__)


#: Chunks of a body (RFC 9112, section 7.1) that one read of the socket may hold, if they are smaller than this.
_MAX_SMALL_CHUNKS = 4_096
_SMALL_CHUNK_BYTES = 64


class _RefusedError(Exception):
    """Has the parser stop within what it was fed.

    One read may hold 40,000 headers or chunks, and each would be a call of ours.
    """


class _Gathering:
    """A transport that writes what came within one step of the loop at once, at the step's end.

    ``slot``: the connection's place in the counts, which an upgrade hands on.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.slot: Slot | None = None
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's with limits; and an answer's head and body leave together: one call of the kernel, one packet."""

    def __init__(self, *given: Any, connections: Connections, **named: Any) -> None:
        super().__init__(*given, **named)
        self._open = connections
        self._limits = connections.limits
        self._extensions: dict[str, Any] = {}
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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        gathering = _Gathering(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", gathering))
        slot = self._open.admit(self.client[0] if self.client else "")
        if slot is None:
            self._refused = True
            self.transport.write(_refusal(503, Overloaded("There are as many connections as there may be.", 1)))
            self.transport.close()
            return
        gathering.slot = slot
        self._extensions = {KEY_SHOWN: slot.key_shown, BYTES_HELD: self._open.held}
        self._head_since = self._heard = self.loop.time()
        self._open.watch(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._open.unwatch(self)
        slot = cast("_Gathering", self.transport).slot
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
        protocol = cast("Any", self.transport).get_protocol()
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
            cast("_Gathering", self.transport)._flush()
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
    body = json.dumps({"errors": [{"message": error.message, "extensions": error.extensions}]}).encode()
    head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
    return STATUS_LINE[status] + head + body


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's with limits, small ones until the key is known (`KEY_SHOWN`).

    A text can be sent without a task that waits for it, where there is nothing to wait for (`PUSH`).
    """

    def __init__(self, *given: Any, connections: Connections, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limits = connections.limits
        self._open = connections
        self._slot: Slot | None = None
        self._is_stranger = True
        self._stalled: float | None = None
        self.conn.max_message_size = STRANGER_MESSAGE_BYTES

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._slot = getattr(transport, "slot", None)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._open.unwatch(self)
        if self._slot is not None:
            self._slot.close()
        # The protocol, its parser and the application's task refer to each other: what they were sent must not wait
        # for the garbage collector.
        self.frames = []
        self.conn.reader.buffer = bytearray()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # the app's task has not begun
            scope: Any = self.scope
            added = {PUSH: self._push, KEY_SHOWN: self._key_shown}
            scope["extensions"] = {**(scope.get("extensions") or {}), **added}

    def shutdown(self) -> None:
        """Called when the server ends. As uvicorn's, but that the close has a reason in words."""
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.SERVICE_RESTART})
        self.conn.send_close(CloseCode.SERVICE_RESTART, "The server restarts: connect again")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self.close_sent and self.conn.parser_exc is not None:
            return  # it was refused; what still comes is not read
        super().data_received(data)
        if self.close_sent:
            return
        held = len(self.conn.reader.buffer) + (self.conn.current_size or 0)
        if self._slot is not None and not self._slot.hold(held):
            self._fail(CloseCode.TRY_AGAIN_LATER, "The server is receiving as many bytes as it may")
        elif self._is_stranger and self.queue.qsize() > _STRANGER_MESSAGES:
            self._fail(CloseCode.POLICY_VIOLATION, "Wait for connection_ack")

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= _MAX_FRAGMENTS:
            self._fail(CloseCode.MESSAGE_TOO_BIG, f"A message may have {_MAX_FRAGMENTS} frames")
        else:
            super().handle_cont(event)

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self.frames = []
        self.conn.reader.buffer = bytearray()
        if self._slot is not None:
            self._slot.hold(0)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.time()
        self._open.watch(self)
        if not self.read_paused:  # it does not read its pongs either
            self.read_paused = True
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stalled = None
        self._open.unwatch(self)
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()

    def check_deadlines(self, now: float) -> None:
        """Ends a connection that does not read what is sent to it."""
        if self._stalled is not None and now - self._stalled > self._limits.stalled_write_seconds:
            self.transport.abort()

    def _key_shown(self) -> None:
        self._is_stranger = False
        self.conn.max_message_size = self.config.ws_max_size
        if self._slot is not None:
            self._slot.key_shown()

    def _push(self, text: str) -> bool:
        """Sends the text; false if the socket is closing, or must be waited for.

        Whether the transport is closing is not asked: that costs as much as all the rest.
        """
        if self.close_sent or not self.writable.is_set():
            return False
        self.transport.write(_frame(text.encode()))
        return True

    def _fail(self, code: CloseCode, reason: str) -> None:
        if not self.close_sent:
            self.conn.fail(code, reason)
            self.handle_parser_exception()


def _frame(payload: bytes) -> bytes:
    """A whole text message in one frame, not masked, as servers send them (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
