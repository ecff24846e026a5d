"""What a caller has played: audio of the server in the order it came, in real time from when it came."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass

from graph.cli.call.playout import BYTES_PER_SECOND


@dataclass(slots=True)
class _Piece:
    item_id: str
    start: float
    ms: float


class PlayedAudio:
    """The playback of one connection; after ``stop`` nothing more of what came before is played."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._free_at = 0.0

    def add(self, item_id: str, size: int) -> None:
        """The next audio, ``size`` bytes."""
        start = max(time.monotonic(), self._free_at)
        ms = size * 1000 / BYTES_PER_SECOND
        self._pieces.append(_Piece(item_id, start, ms))
        self._free_at = start + ms / 1000

    @property
    def playing(self) -> str | None:
        """The item that is played now."""
        now = time.monotonic()
        return next((each.item_id for each in self._pieces if now < each.start + each.ms / 1000), None)

    @property
    def left(self) -> float:
        """Seconds until all that came is played."""
        return max(0.0, self._free_at - time.monotonic())

    def stop(self) -> tuple[str, int] | None:
        """Drops what was not played. The item that was playing, and how many milliseconds of it were played."""
        item_id = self.playing
        now = time.monotonic()
        for each in self._pieces:
            each.ms = min(each.ms, max(0.0, (now - each.start) * 1000))
        self._free_at = now
        return None if item_id is None else (item_id, int(self.played()[item_id]))

    def played(self) -> dict[str, float]:
        """Milliseconds by item."""
        now = time.monotonic()
        played: defaultdict[str, float] = defaultdict(float)
        for each in self._pieces:
            played[each.item_id] += min(each.ms, max(0.0, (now - each.start) * 1000))
        return played
