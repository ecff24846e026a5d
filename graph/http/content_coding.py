"""Content-Encoding: gzip compression of large responses, by Accept-Encoding; compressed request bodies are refused.

Specification: RFC 9110, sections 8.4, 12.5.3 and 15.5.16. For the BREACH attack see
docs/decisions/2026-11-25-gzip-answers.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from functools import lru_cache

from cachetools import LRUCache
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.errors import BadUserInput
from graph.guards.http_refusals import refuse

#: Higher levels are slower and save a few per cent: conversations are mostly ids and signatures.
_LEVEL = 4

#: Streams are not compressed: each event must be sent immediately.
_NEVER = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "multipart/mixed")

_NEVER_KINDS = tuple(each.removesuffix("*").encode() for each in _NEVER)

#: No Content, Partial Content, Not Modified.
_NEVER_STATUS = (204, 206, 304)

#: Bytes of the cache: compressed responses and their originals.
_KEPT_BYTES = 16_000_000

#: Maximum random padding of a compressed response, in bytes (against BREACH).
_PADDING = 100

Headers = Iterable[tuple[bytes, bytes]]
Kept = LRUCache[bytes, tuple[bytes, int]]


class ContentCoding:
    """ASGI middleware: compresses responses of at least ``min_bytes`` bytes where gzip is accepted; 0 never compresses.

    A request body with a Content-Encoding gets 415 with the code BAD_USER_INPUT.
    """

    def __init__(self, app: ASGIApp, min_bytes: int) -> None:
        self._app = app
        self._min_bytes = min_bytes
        #: By the uncompressed body; a body from the read cache is the same object each time, with its hash computed.
        self._kept: Kept = LRUCache(_KEPT_BYTES, lambda each: len(each[0]) + each[1])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        coding = accepted = b""
        has_key = False
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accepted = value
            elif name == b"content-encoding":
                coding = value
            elif name == b"authorization":
                has_key = True
        if coding.strip().lower() not in (b"", b"identity"):
            error = BadUserInput("Send the request body without a Content-Encoding.")
            await refuse(scope, receive, send, error, status=415, more=[(b"accept-encoding", b"identity")])
        elif self._min_bytes and accepts_gzip(accepted):
            await self._app(scope, receive, self._compressed(send, self._kept if has_key else None))
        elif self._min_bytes:
            await self._app(scope, receive, self._varied(send))
        else:
            await self._app(scope, receive, send)

    def _compressed(self, send: Send, kept: Kept | None) -> Send:
        chosen: Send | None = None

        async def compressed(message: Message) -> None:
            nonlocal chosen
            if chosen is None:
                headers = message.get("headers", ())
                if self._is_small(headers) or any(map(_is_final, headers)):
                    chosen = send
                else:
                    chosen = _Responder(_padded(send), self._min_bytes, kept).send_with_compression
            await chosen(message)

        return compressed

    def _varied(self, send: Send) -> Send:
        """Adds ``Vary: Accept-Encoding`` to an uncompressed response, for HTTP caches."""

        async def varied(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] not in _NEVER_STATUS:
                headers = message.get("headers", ())
                if not self._is_small(headers) and _is_compressible(headers):
                    message["headers"] = _with_vary(headers)
            await send(message)

        return varied

    def _is_small(self, headers: Headers) -> bool:
        return any(name == b"content-length" and int(value) < self._min_bytes for name, value in headers)


def accepts_gzip(header: bytes) -> bool:
    """Whether an Accept-Encoding header accepts gzip, by name or wildcard, with a q-value above 0."""
    return bool(header) and (_accepts(header) if len(header) <= 200 else _accepts.__wrapped__(header))


@lru_cache(maxsize=256)
def _accepts(header: bytes) -> bool:
    named: dict[str, bool] = {}
    for each in header.decode("latin-1").lower().split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        qualities = [part.partition("=")[2].strip() for part in parameters if part.startswith("q=")]
        named.setdefault(name, all(quality.strip("0.") != "" for quality in qualities))
    return named.get("gzip", named.get("x-gzip", named.get("*", False)))


def _is_final(header: tuple[bytes, bytes]) -> bool:
    """Whether this header says that the body is compressed already, or has a secret and is not to be kept."""
    name, value = header
    return name == b"content-encoding" or (name == b"cache-control" and value == b"no-store")


def _is_compressible(headers: Headers) -> bool:
    return not any(
        name == b"content-encoding" or (name == b"content-type" and value.lower().startswith(_NEVER_KINDS))
        for name, value in headers
    )


def _with_vary(headers: Headers) -> list[tuple[bytes, bytes]]:
    fields = [value for name, value in headers if name == b"vary"]
    if any(b"accept-encoding" in each.lower() for each in fields):
        return list(headers)
    others = [each for each in headers if each[0] != b"vary"]
    return [*others, (b"vary", b", ".join([*fields, b"Accept-Encoding"]))]


class _Responder(GZipResponder):
    """Starlette's gzip responder, which compresses large bodies in a thread, with a cache of compressed bodies."""

    def __init__(self, send: Send, min_bytes: int, kept: Kept | None) -> None:
        super().__init__(_no_app, min_bytes, _LEVEL, exclude_content_types=())
        self.exclude_content_types = _NEVER
        self.send = send
        self._kept = kept

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        if more_body or self._kept is None or self._compressor is not None:  # part of a streamed body
            return await super().apply_compression(body, more_body=more_body)
        known = self._kept.get(body)
        if known is not None:
            return known[0]
        compressed = await super().apply_compression(body, more_body=False)
        if len(body) < _KEPT_BYTES // 10:
            self._kept[body] = (compressed, len(body))
        return compressed


async def _no_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Placeholder for the app: the responder receives its messages one by one."""


def _padded(send: Send) -> Send:
    """Adds random padding to a compressed response, and makes its ETag weak (RFC 9110, section 8.8.1)."""

    async def padded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message["headers"]
            if (b"content-encoding", b"gzip") in headers:
                message["headers"] = [*map(_weak, headers), (b"x-padding", b"-" * secrets.randbelow(_PADDING))]
        await send(message)

    return padded


def _weak(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = header
    return (name, b"W/" + value) if name == b"etag" and value.startswith(b'"') else header
