"""One HTTP request and its response at the ASGI level; a body that was read can be received again."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Message, Receive, Scope, Send

from graph.wire.api_key import secret_in_headers
from graph.wire.negotiation import chosen_media_type

#: Longer bodies carry audio; the application streams them.
_SHORT_BYTES = 64_000

Headers = list[tuple[bytes, bytes]]


class Exchange:
    """A request to answer here, or to pass on with the current ``scope`` and ``receive``."""

    __slots__ = ("headers", "receive", "scope", "send")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.headers: dict[bytes, bytes] = dict(scope["headers"])

    @property
    def media_type(self) -> str | None:
        """The response's media type by content negotiation (``graph.wire.negotiation``)."""
        return chosen_media_type(self.header(b"accept"))

    @property
    def secret(self) -> str | None:
        """The API key as sent, not verified."""
        return secret_in_headers({"authorization": self.header(b"authorization")})

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    async def short_body(self) -> bytes | None:
        """The body if it is short and complete, else None. Either way it can be received again."""
        messages: list[Message] = []
        size, whole = 0, False
        while not whole and size <= _SHORT_BYTES:
            message = await self.receive()
            messages.append(message)
            if message["type"] != "http.request":
                break
            size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
        self._put_back(messages)
        return b"".join(message.get("body", b"") for message in messages) if whole and size <= _SHORT_BYTES else None

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def _put_back(self, messages: Sequence[Message]) -> None:
        again, receive = iter(messages), self.receive

        async def replay() -> Message:
            message = next(again, None)
            return await receive() if message is None else message

        self.receive = replay
