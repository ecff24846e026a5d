"""Signed URLs of audio, valid for one file and a limited time, so that an ``<audio>`` element can play it.

A signature is the HMAC-SHA256 of the audio's id with a key derived per time of expiry: the HMAC-SHA256 of that time
with the servers' secret. So Postgres can sign too, without the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import orjson

from db.errors import Forbidden

_BLOCK = 64

#: Names of the bound values of a statement that signs URLs (`SoundUrls.values`).
URL_START, URL_EXPIRES, URL_INNER, URL_OUTER = "url_start", "url_expires", "url_inner", "url_outer"


@dataclass(frozen=True, slots=True)
class Window:
    """The key of all URLs with one time of expiry. ``inner``, ``outer``: the padded keys of HMAC (RFC 2104)."""

    expires: int
    inner: bytes
    outer: bytes

    def sign(self, audio_id: UUID) -> str:
        inner = hashlib.sha256(self.inner + str(audio_id).encode()).digest()
        return hashlib.sha256(self.outer + inner).hexdigest()[:43]


@dataclass(frozen=True, slots=True, eq=False)
class SoundUrls:
    """Signs audio URLs with the base URL ``base`` in one window. Compared by identity, for fast cache keys."""

    base: str
    window: Window

    def of(self, audio_id: UUID) -> str:
        return f"{self.base}/media/{audio_id}?expires={self.window.expires}&signature={self.window.sign(audio_id)}"

    def values(self) -> dict[str, object]:
        """The bound values of a statement that signs URLs (``graph.compiled.reads.objects``)."""
        return {
            URL_START: orjson.dumps(self.base)[1:-1].decode(),
            URL_EXPIRES: str(self.window.expires),
            URL_INNER: self.window.inner,
            URL_OUTER: self.window.outer,
        }


class MediaSigner:
    """Signs with a secret that all API processes share. URLs are valid for one to two times ``seconds``."""

    def __init__(self, secret: bytes, seconds: int) -> None:
        self._secret = secret
        self._seconds = seconds
        self._window = lru_cache(maxsize=8)(self._make_window)

    def window(self) -> Window:
        """The current window. It changes once in ``seconds``, so that caches see equal URLs."""
        return self._window((int(time.time()) // self._seconds + 2) * self._seconds)

    def query(self, audio_id: UUID) -> str:
        """The URL's query string."""
        window = self.window()
        return f"expires={window.expires}&signature={window.sign(audio_id)}"

    def check(self, audio_id: UUID, expires: str, signature: str) -> None:
        """Raises Forbidden if the signature is invalid, of another audio, or expired."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
            raise Forbidden("The signed URL is not valid.")
        if not hmac.compare_digest(self._make_window(int(expires)).sign(audio_id).encode(), signature.encode()):
            raise Forbidden("The signed URL is not valid.")
        if int(expires) < time.time():
            raise Forbidden("The URL has expired: query it again.")

    def _make_window(self, expires: int) -> Window:
        key = hmac.digest(self._secret, str(expires).encode(), "sha256").ljust(_BLOCK, b"\0")
        return Window(expires, bytes(each ^ 0x36 for each in key), bytes(each ^ 0x5C for each in key))
