"""Signed addresses of sounds: good for one sound and for a while, so that an ``<audio>`` tag can play it."""

from __future__ import annotations

import hashlib
import hmac
import time
from uuid import UUID

from db.errors import Forbidden


class MediaSigner:
    """Signs with a secret that all API processes share. Addresses live between one and two times ``seconds``."""

    def __init__(self, secret: bytes, seconds: int) -> None:
        self._secret = secret
        self._seconds = seconds

    def query(self, audio_id: UUID) -> str:
        """The address's query part. It changes only once in ``seconds``, so that caches see the same address."""
        expires = (int(time.time()) // self._seconds + 2) * self._seconds
        return f"expires={expires}&signature={self._sign(audio_id, expires)}"

    def check(self, audio_id: UUID, expires: str, signature: str) -> None:
        """Raises Forbidden for a signature that is wrong, of another sound, or too old."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
            raise Forbidden("The address is not valid.")
        if not hmac.compare_digest(self._sign(audio_id, int(expires)).encode(), signature.encode()):
            raise Forbidden("The address is not valid.")
        if int(expires) < time.time():
            raise Forbidden("The address has expired: ask for a new one.")

    def _sign(self, audio_id: UUID, expires: int) -> str:
        return hmac.new(self._secret, f"{audio_id}:{expires}".encode(), hashlib.sha256).hexdigest()[:43]
