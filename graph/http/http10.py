"""Answers to HTTP/1.0, which knows no chunks. uvicorn sends chunks to it, whose sizes arrive as part of the body.

Specification: RFC 9112, sections 6.1 and 6.3.
"""

from __future__ import annotations

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class Http10Cycle(RequestResponseCycle):
    """uvicorn's, but that a body without Content-Length is sent as it is, and ends with the connection."""

    _unframed = False

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "http.response.start":
            if not any(name.lower() == b"content-length" for name, _ in message.get("headers", ())):
                self.chunked_encoding, self._unframed = False, True
        elif message["type"] == "http.response.body" and self._unframed:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
