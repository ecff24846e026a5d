"""ASGI middleware that limits request bodies: bytes, JSON values and rate, counted while they are received."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.errors import BadUserInput, Overloaded, PayloadTooLarge, VoxLoomError
from db.viewer import Viewer
from graph.guards.upload_rate import UploadRate
from graph.http.connections import SMALL_BODY_BYTES
from graph.wire.error_body import error_body, http_status
from graph.wire.scope import BYTES_HELD, VIEWER

#: How long a refused client may continue to send.
_LINGER_SECONDS = 5


#: Close code of graphql-transport-ws for an invalid message.
_INVALID_MESSAGE = 4400

#: Bytes of a body that the application gets in one piece: a hostile form takes 100 ms of parsing per megabyte.
_PIECE_BYTES = 65_536

#: The beginning of a form's boundary (RFC 2046, section 5.1.1). The parser compares each with the boundary in Python,
#: which takes as long as some 100 bytes of a file.
_DELIMITER = b"\r\n--"
_DELIMITER_COST = 120

#: What a websocket message counts at least: handling a small one takes as long.
_LEAST_MESSAGE_BYTES = 4_096

_NOT_COUNTED = nullcontext()


class BodyLimit:
    """ASGI middleware: a body of more than ``max_bytes`` bytes gets 413 with the code PAYLOAD_TOO_LARGE.

    A body with more than ``max_signs`` commas and opening brackets gets 400 with the code BAD_USER_INPUT: every JSON
    value but the first has one, and parsing 25 MB of small values takes seconds; base64 audio has none. Multipart forms
    are not counted, as files may hold anything. A websocket message above the limit closes the socket with 4400.

    Large bodies, and all websocket messages, are received at the key's ``uploads`` rate, in pieces of `_PIECE_BYTES`.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, max_signs: int, uploads: UploadRate | None = None) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._max_signs = max_signs
        self._uploads = uploads or UploadRate(0, burst=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, self._messages(scope, receive, send), send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._max_bytes:
            await self._refuse(receive, send, self._too_large())
            return
        # A chunked body has no declared length: count the maximum.
        size = self._max_bytes if b"transfer-encoding" in headers else int(declared)
        if size > SMALL_BODY_BYTES:
            receive = self._shaped(scope, headers, receive)
        try:
            with self._held(scope, size):
                await self._limited(scope, headers, receive, send)
        except Overloaded as error:
            await self._refuse(receive, send, error)

    def _held(self, scope: Scope, size: int) -> AbstractContextManager[None]:
        """Counts the body among the server's bytes in flight, if the server keeps that count."""
        held = (scope.get("extensions") or {}).get(BYTES_HELD)
        if held is None or size <= SMALL_BODY_BYTES:
            return _NOT_COUNTED
        viewer = scope.get(VIEWER)
        counted: AbstractContextManager[None] = held(None if viewer is None else viewer.key_id, size)
        return counted

    async def _limited(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        form = _is_form(headers)
        seen = signs = 0
        started = refused = False

        async def counted() -> Message:
            nonlocal seen, signs, refused
            message = await receive()
            body = message.get("body", b"")
            seen += len(body)
            signs += 0 if form else _signs(body)
            if seen <= self._max_bytes and signs <= self._max_signs:
                return message
            refused = True
            if not started:
                await self._refuse(receive, send, self._too_large() if seen > self._max_bytes else self._too_many())
            return {"type": "http.disconnect"}  # the application sees a client that left

        async def tracked(message: Message) -> None:
            nonlocal started
            if not refused:
                started = True
                await send(message)

        await self._app(scope, counted, tracked)

    def _shaped(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        """Receives the body in pieces, at the key's rate."""
        viewer: Viewer | None = scope.get(VIEWER)
        form = _is_form(headers)
        pieces: deque[Message] = deque()

        async def shaped() -> Message:
            if not pieces:
                pieces.extend(_pieces(await receive()))
            message = pieces.popleft()
            body = message.get("body", b"")
            if viewer is not None:
                delimiters = body.count(_DELIMITER) if form else 0
                await self._uploads.take(viewer.key_id, len(body) + delimiters * _DELIMITER_COST)
            return message

        return shaped

    def _messages(self, scope: Scope, receive: Receive, send: Send) -> Receive:
        async def counted() -> Message:
            message = await receive()
            content = message.get("text") or message.get("bytes") or b""
            viewer: Viewer | None = scope.get(VIEWER)  # from connection_ack on
            if viewer is not None and message["type"] == "websocket.receive":
                await self._uploads.take(viewer.key_id, max(len(content), _LEAST_MESSAGE_BYTES))
            if message["type"] == "websocket.receive" and _signs(content) > self._max_signs:
                reason = self._too_many().message
                await send({"type": "websocket.close", "code": _INVALID_MESSAGE, "reason": reason})
                return {"type": "websocket.disconnect", "code": _INVALID_MESSAGE}
            return message

        return counted

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"The request has more than {self._max_bytes} bytes.")

    def _too_many(self) -> BadUserInput:
        return BadUserInput(f"The request has more than {self._max_signs} commas and brackets.")

    async def _refuse(self, receive: Receive, send: Send, error: VoxLoomError) -> None:
        body = error_body(error)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        status = http_status(error.code)
        await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await self._discard_rest(receive)
        await send({"type": "http.response.body", "body": b""})

    async def _discard_rest(self, receive: Receive) -> None:
        """Reads and discards the rest of the body, at most ``max_bytes``.

        Closing a connection while the client sends resets it (TCP RST), and the response is lost.
        """
        left = self._max_bytes
        while left > 0:
            message = await receive()
            if not message.get("more_body"):
                return
            left -= len(message.get("body", b""))


def _is_form(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-type", b"").lower().startswith(b"multipart/")


def _pieces(message: Message) -> Iterator[Message]:
    """The message as several, of `_PIECE_BYTES` at most."""
    body = message.get("body", b"")
    if len(body) <= _PIECE_BYTES:
        yield message
        return
    for start in range(0, len(body), _PIECE_BYTES):
        end = start + _PIECE_BYTES
        yield {**message, "body": body[start:end], "more_body": end < len(body) or message.get("more_body", False)}


def _signs(data: bytes | str) -> int:
    """Commas and opening brackets. ``find`` is ten times as fast as ``count``, and base64 has none."""
    if isinstance(data, str):
        return sum(data.count(sign) for sign in ",[{" if data.find(sign) >= 0)
    return sum(data.count(sign) for sign in (b",", b"[", b"{") if data.find(sign) >= 0)
