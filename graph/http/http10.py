"""Responses to HTTP/1.0, which has no chunked encoding; uvicorn would send chunks, whose sizes end up in the body.

Specification: RFC 9112, sections 6.1 and 6.3.
"""

from __future__ import annotations

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class Http10Cycle(RequestResponseCycle):
    """uvicorn's request-response cycle; a body without Content-Length is sent unframed and ends with the connection."""

    _unframed = False

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "http.response.start":
            if not any(name.lower() == b"content-length" for name, _ in message.get("headers", ())):
                self.chunked_encoding, self._unframed = False, True
        elif message["type"] == "http.response.body" and self._unframed:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
