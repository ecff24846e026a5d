"""Signed addresses of sounds, for those who write answers without a resolver."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import orjson

from graph.compiled.reads.objects import URL_EXPIRES, URL_INNER, URL_OUTER, URL_START
from graph.media.signing import Window


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
