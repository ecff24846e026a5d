"""Signed addresses of sounds: good for one sound and for a while, so that an ``<audio>`` tag can play it.

A signature is HMAC-SHA256 of the sound's id under a key of its own for each time of expiry, which is itself the
HMAC-SHA256 of that time under the servers' secret. So Postgres can sign too, and is told no more than it needs.
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

#: Bound by whoever runs a statement that has sounds' addresses; see ``graph.media.signing``.
URL_START, URL_EXPIRES, URL_INNER, URL_OUTER = "url_start", "url_expires", "url_inner", "url_outer"


@dataclass(frozen=True, slots=True)
class Window:
    """What signs all addresses that expire together. ``inner``, ``outer``: the padded keys of RFC 2104."""

    expires: int
    inner: bytes
    outer: bytes

    def sign(self, audio_id: UUID) -> str:
        inner = hashlib.sha256(self.inner + str(audio_id).encode()).digest()
        return hashlib.sha256(self.outer + inner).hexdigest()[:43]


@dataclass(frozen=True, slots=True, eq=False)
class SoundUrls:
    """The addresses under ``base`` that are signed in one window. Each is equal to itself alone, so quick to find."""

    base: str
    window: Window

    def of(self, audio_id: UUID) -> str:
        return f"{self.base}/media/{audio_id}?expires={self.window.expires}&signature={self.window.sign(audio_id)}"

    def values(self) -> dict[str, object]:
        """What a statement that signs needs; see ``graph.compiled.reads.objects``."""
        return {
            URL_START: orjson.dumps(self.base)[1:-1].decode(),
            URL_EXPIRES: str(self.window.expires),
            URL_INNER: self.window.inner,
            URL_OUTER: self.window.outer,
        }


class MediaSigner:
    """Signs with a secret that all API processes share. Addresses live between one and two times ``seconds``."""

    def __init__(self, secret: bytes, seconds: int) -> None:
        self._secret = secret
        self._seconds = seconds
        self._window = lru_cache(maxsize=8)(self._make_window)

    def window(self) -> Window:
        """What signs now. It changes only once in ``seconds``, so that caches see the same address."""
        return self._window((int(time.time()) // self._seconds + 2) * self._seconds)

    def query(self, audio_id: UUID) -> str:
        """The address's query part."""
        window = self.window()
        return f"expires={window.expires}&signature={window.sign(audio_id)}"

    def check(self, audio_id: UUID, expires: str, signature: str) -> None:
        """Raises Forbidden for a signature that is wrong, of another sound, or too old."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
            raise Forbidden("The address is not valid.")
        if not hmac.compare_digest(self._make_window(int(expires)).sign(audio_id).encode(), signature.encode()):
            raise Forbidden("The address is not valid.")
        if int(expires) < time.time():
            raise Forbidden("The address has expired: ask for a new one.")

    def _make_window(self, expires: int) -> Window:
        key = hmac.digest(self._secret, str(expires).encode(), "sha256").ljust(_BLOCK, b"\0")
        return Window(expires, bytes(each ^ 0x36 for each in key), bytes(each ^ 0x5C for each in key))
