"""A caller from recordings: speaks each line at its moment, in real time, and is silent between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from graph.cli.call.conversation import Conversation
from graph.cli.call.playout import BYTES_PER_SECOND, CHUNK_BYTES, Playout

_CHUNK_SECONDS = CHUNK_BYTES / BYTES_PER_SECOND

#: The longest wait for the moment of a line, and for the end of the call after the last one.
_LONGEST_SECONDS = 60.0

#: The assistant that has not begun to speak in this time will not, without being asked.
_GREETING_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Line:
    """``audio``: 24 kHz PCM, spoken as soon as ``when`` holds, or after a minute."""

    audio: bytes
    when: Callable[[], bool]


class RecordedCaller:
    """``write``: gets what is played, beside each 20 ms that are spoken."""

    def __init__(self, conversation: Conversation, playout: Playout, write: Callable[[bytes], None]) -> None:
        self._conversation = conversation
        self._playout = playout
        self._write = write
        self._begun = 0.0
        self._chunks = 0
        self._busy = 0.0

    def greeted(self) -> bool:
        """Whether the assistant has finished its greeting, or gives none."""
        said = self._conversation.log.replies
        return self._conversation.quiet and (bool(said) or self._conversation.now() > _GREETING_SECONDS)

    def answered(self, quiet_seconds: float) -> bool:
        """Whether nothing was said or played for so long, and no reply is owed; one may take long on a busy machine."""
        log = self._conversation.log
        owed = bool(log.turns) and list(log.turns.values())[-1].first_sound_ms is None and not log.failures
        if owed or not self._conversation.quiet:
            return False
        return self._conversation.now() - self._busy >= quiet_seconds

    async def pieces(self, lines: Sequence[Line], end: Callable[[], bool]) -> AsyncIterator[bytes]:
        """The lines and the silence between them, in pieces of 20 ms at their time, until ``end`` or a minute later."""
        self._begun = time.monotonic()
        for line in lines:
            async for silence in self._until(line.when):
                yield silence
            for start in range(0, len(line.audio), CHUNK_BYTES):
                self._busy = self._conversation.now()
                yield await self._piece(line.audio[start : start + CHUNK_BYTES])
        async for silence in self._until(end):
            yield silence

    async def _until(self, holds: Callable[[], bool]) -> AsyncIterator[bytes]:
        since = time.monotonic()
        while not holds() and time.monotonic() - since < _LONGEST_SECONDS:
            if not self._conversation.quiet:
                self._busy = self._conversation.now()
            yield await self._piece(b"")

    async def _piece(self, audio: bytes) -> bytes:
        """The next piece, when it is due; plays as much beside it."""
        await asyncio.sleep(max(0.0, self._begun + self._chunks * _CHUNK_SECONDS - time.monotonic()))
        self._chunks += 1
        self._write(self._playout.pull(CHUNK_BYTES))
        return audio.ljust(CHUNK_BYTES, b"\0")
