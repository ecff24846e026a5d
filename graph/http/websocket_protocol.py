"""uvicorn's websocket protocol with limits on messages, frames and queues, and a synchronous send without a task."""

from __future__ import annotations

from asyncio import BaseTransport
from typing import Any, cast

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request

from graph.http.connections import Connections, Slot
from graph.wire.scope import KEY_SHOWN, PUSH

#: Before a key is shown: bytes of a message, and messages in the queue. A phone line sends its audio without waiting
#: for an answer: these are 5 s of it, in messages of 20 ms, should a slow network bring them all at once.
STRANGER_MESSAGE_BYTES = 16_384
_STRANGER_MESSAGES = 256

#: Frames of one fragmented message (RFC 6455, section 5.4); clients send one.
_MAX_FRAGMENTS = 1_000

#: Bytes that are parsed before the limits are checked: an empty frame has 6 and takes 4 microseconds, and one read of
#: the socket may hold 40,000 of them.
_SLICE_BYTES = 8_192

#: Pings and pongs of a client within a second; libraries send one in some seconds.
_MAX_PINGS = 100

#: Messages of an authenticated client in the queue.
_MAX_MESSAGES = 2_000


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's websocket protocol with limits, smaller until a valid key is shown (`KEY_SHOWN`).

    The scope's extension `PUSH` sends a text synchronously while the transport's buffer has room.
    """

    # Any: uvicorn's arguments are passed through.
    def __init__(self, *given: Any, connections: Connections, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limits = connections.limits
        self._open = connections
        self._slot: Slot | None = None
        self._is_stranger = True
        self._stalled: float | None = None
        self._pings, self._pings_since = 0, 0.0
        self.conn.max_message_size = STRANGER_MESSAGE_BYTES

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._slot = getattr(transport, "slot", None)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._open.unwatch(self)
        if self._slot is not None:
            self._slot.close()
        # The protocol, its parser and the application's task form a reference cycle; free received bytes now.
        self.frames = []
        self.conn.reader.buffer = bytearray()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # the app's task has not started yet
            extensions = {**(self.scope.get("extensions") or {}), PUSH: self._push, KEY_SHOWN: self._key_shown}
            self.scope["extensions"] = cast("dict[str, dict[object, object]]", extensions)  # as uvicorn declares them

    def shutdown(self) -> None:
        """Called when the server shuts down; closes the socket with a reason."""
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.SERVICE_RESTART})
        self.conn.send_close(CloseCode.SERVICE_RESTART, "The server restarts: connect again")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        if not self.handshake_initiated:
            self._parse(data)
            return
        for start in range(0, len(data), _SLICE_BYTES):
            self._parse(data[start : start + _SLICE_BYTES])

    def _parse(self, data: bytes) -> None:
        if self.close_sent and self.conn.parser_exc is not None:
            return  # refused: discard the rest
        super().data_received(data)
        if self.close_sent:
            return
        held = len(self.conn.reader.buffer) + (self.conn.current_size or 0)
        if self._slot is not None and not self._slot.hold(held):
            self._fail(CloseCode.TRY_AGAIN_LATER, "The server has reached its limit of request bytes in flight")
        elif self._is_stranger and self.queue.qsize() > _STRANGER_MESSAGES:
            self._fail(CloseCode.POLICY_VIOLATION, "Wait for connection_ack")
        elif self.queue.qsize() > _MAX_MESSAGES:
            self._fail(CloseCode.POLICY_VIOLATION, f"More than {_MAX_MESSAGES} messages wait")

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= _MAX_FRAGMENTS:
            self._fail(CloseCode.MESSAGE_TOO_BIG, f"A message may have {_MAX_FRAGMENTS} frames")
        else:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        if self._may_ping():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._may_ping():
            super().handle_pong(event)

    def _may_ping(self) -> bool:
        now = self.loop.time()
        if now - self._pings_since > 1:
            self._pings, self._pings_since = 0, now
        self._pings += 1
        if self._pings > _MAX_PINGS:
            self._fail(CloseCode.POLICY_VIOLATION, f"More than {_MAX_PINGS} pings a second")
        return self._pings <= _MAX_PINGS

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
        if not self.read_paused:  # backpressure: a client that does not read gets no pongs either
            self.read_paused = True
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stalled = None
        self._open.unwatch(self)
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()

    def keepalive_timeout(self) -> None:
        """A client whose pong waits behind messages that the application has not taken yet is not closed."""
        if self.read_paused and self._stalled is None:
            self.pong_timer = self.pending_ping_payload = None
            self.schedule_ping()
        else:
            super().keepalive_timeout()

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body":  # else uvicorn logs that the handshake was left undone
            self.handshake_complete = True

    def check_deadlines(self, now: float) -> None:
        """Aborts a connection whose client does not read."""
        if self._stalled is not None and now - self._stalled > self._limits.stalled_write_seconds:
            self.transport.abort()

    def _key_shown(self) -> None:
        self._is_stranger = False
        self.conn.max_message_size = self.config.ws_max_size
        if self._slot is not None:
            self._slot.key_shown()

    def _push(self, text: str) -> bool:
        """Sends the text; False if the socket is closing or its write buffer is full.

        It does not check whether the transport is closing, which would double its cost.
        """
        if self.close_sent or not self.writable.is_set():
            return False
        self.transport.write(Frame(Opcode.TEXT, text.encode()).serialize(mask=False))
        return True

    def _fail(self, code: CloseCode, reason: str) -> None:
        if not self.close_sent:
            self.conn.fail(code, reason)
            self.handle_parser_exception()
