"""Recording of a whole call: encodes what is on its tape, off the event loop, and stores it in segments."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from db.logs import error_fields
from inference.audio.opus import OpusEncoder
from inference.live.tape import CallTape, Mixer, Stretch
from inference.ports import SAMPLE_RATE, JournalLost, Superseded

#: Most stretches, of about 1 s, that wait while the record cannot be reached; later ones are left out, as silence.
_MOST_WAITING = 60

log = structlog.get_logger(__name__)


class CallRecording:
    """``tape``: what is to be recorded. ``keep``: stores position and duration, in ms, and the packets of a segment.

    A call never fails, and never waits, because its recording cannot be stored.
    """

    def __init__(
        self, keep: Callable[[int, int, bytes], Awaitable[None]], *, records: bool, recorded_ms: int = 0
    ) -> None:
        self.tape = CallTape(self._emit, records=records, recorded_ms=recorded_ms)
        self._keep = keep
        self._waiting: deque[Stretch] = deque()
        self._mixer = Mixer()
        self._encoder: OpusEncoder | None = None
        self._task: asyncio.Task[None] | None = None

    def _emit(self, stretch: Stretch) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            log.warning("call_recording_gap", at_ms=_ms(stretch.at))
            return
        self._waiting.append(stretch)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._store_all(), name="call-recording")

    async def _store_all(self) -> None:
        while self._waiting:
            stretch = self._waiting[0]
            try:
                data = await asyncio.to_thread(self._encode, stretch)
                await self._keep(_ms(stretch.at), _ms(stretch.size), data)
            except Superseded:  # another process has the call, or it was deleted
                self._waiting.clear()
                return
            except JournalLost:
                log.warning("call_recording_gap", at_ms=_ms(stretch.at))
            except Exception as error:
                log.error("call_recording_failed", **error_fields(error))
            if self._waiting:
                self._waiting.popleft()

    def _encode(self, stretch: Stretch) -> bytes:
        if self._encoder is None:
            self._encoder = OpusEncoder()
        return self._encoder.encode(self._mixer.mix(stretch))

    async def store(self, seconds: float, *, last: bool = False) -> None:
        """Stores what is on the tape so far, for at most so long. ``last``: the call has ended."""
        self.tape.flush(last=last)
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=seconds)

    def close(self) -> None:
        """Stores nothing more."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE
