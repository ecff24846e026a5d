"""Playback buffer of a call's client: what the server sent, in order, and how much of it was played."""

from __future__ import annotations

import threading
from collections import deque

#: The format of the Realtime protocol that this client uses: 16-bit little-endian PCM, mono.
SAMPLE_RATE = 24_000
BYTES_PER_SECOND = SAMPLE_RATE * 2

#: 20 ms.
CHUNK_BYTES = BYTES_PER_SECOND // 50


class Playout:
    """Thread-safe: audio devices pull from a thread of their own.

    ``played_bytes`` counts audio of the server; silence between replies does not.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._offset = 0
        self._played: dict[str, int] = {}
        self.played_bytes = 0

    def add(self, item_id: str, audio: bytes) -> None:
        """The next audio of the server. ``item_id``: the item of the conversation that it belongs to."""
        if audio:
            with self._lock:
                self._waiting.append((item_id, audio))

    def pull(self, size: int) -> bytes:
        """The next ``size`` bytes to play; silence for what is not there."""
        pieces = []
        with self._lock:
            missing = size
            while missing and self._waiting:
                item_id, audio = self._waiting[0]
                piece = audio[self._offset : self._offset + missing]
                pieces.append(piece)
                missing -= len(piece)
                self._offset += len(piece)
                self._played[item_id] = self._played.get(item_id, 0) + len(piece)
                if self._offset == len(audio):
                    self._waiting.popleft()
                    self._offset = 0
            self.played_bytes += size - missing
        return b"".join(pieces) + bytes(missing)

    @property
    def playing(self) -> bool:
        """Whether audio waits to be played."""
        return bool(self._waiting)

    @property
    def position_ms(self) -> int:
        """The milliseconds that were played of the item that plays now; 0 if none does."""
        with self._lock:
            return self._position(self._waiting[0][0]) if self._waiting else 0

    def _position(self, item_id: str) -> int:
        return self._played.get(item_id, 0) * 1000 // BYTES_PER_SECOND

    def stop(self) -> tuple[str, int] | None:
        """Drops what was not played. The item that was cut, and the milliseconds of it that were played; None if
        nothing waited."""
        with self._lock:
            if not self._waiting:
                return None
            item_id = self._waiting[0][0]
            self._waiting.clear()
            self._offset = 0
            return item_id, self._position(item_id)
