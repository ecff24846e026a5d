"""The caller's audio on its way into the call: bounded, in frames, and silence where the caller sends nothing."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from inference.audio.vad import FRAME
from inference.live.times import CallTimes
from inference.ports import SAMPLE_RATE, Samples

_SILENCE = np.zeros(FRAME, np.float32)


class AudioInbox:
    """Frames of 512 samples with the times they came (``time.perf_counter``). ``on_audio``: called when there is more.

    Holds at most ``times.ahead`` seconds. ``real_time``: audio faster than real time waits, and silence is assumed
    where none comes; False for tests, which send at any speed.
    """

    def __init__(self, times: CallTimes, on_audio: Callable[[], None], *, real_time: bool = True) -> None:
        self._times = times
        self._on_audio = on_audio
        self._real_time = real_time
        self._frames: deque[tuple[Samples, float]] = deque()
        self._rest = np.zeros(0, np.float32)
        self._room = asyncio.Event()
        self._credit = times.ahead
        self._credit_at = self._last_audio = time.perf_counter()
        self.closed = False

    async def put(self, samples: Samples) -> None:
        """Takes the next audio; waits while there is too much. Without effect once closed."""
        for start in range(0, samples.size, SAMPLE_RATE):  # second by second, so that one long piece waits too
            piece = samples[start : start + SAMPLE_RATE]
            await self._wait_for_credit(piece.size / SAMPLE_RATE)
            while len(self._frames) * FRAME >= self._times.ahead * SAMPLE_RATE and not self.closed:
                self._room.clear()
                await self._room.wait()
            if self.closed:
                return
            self._cut(piece)

    def _cut(self, samples: Samples) -> None:
        self._last_audio = now = time.perf_counter()
        whole = np.concatenate([self._rest, samples.astype(np.float32, copy=False)])
        end = whole.size // FRAME * FRAME
        self._frames.extend((whole[at : at + FRAME], now) for at in range(0, end, FRAME))
        self._rest = whole[end:].copy()
        self._on_audio()

    async def _wait_for_credit(self, seconds: float) -> None:
        if not self._real_time:
            return
        now = time.perf_counter()
        gained = now - self._credit_at
        most = max(self._times.ahead, self._times.catch_up)
        self._credit, self._credit_at = min(self._credit + gained, most) - seconds, now
        if self._credit < 0:
            await asyncio.sleep(-self._credit)

    def take(self) -> tuple[Samples, float] | None:
        """The next frame; None if there is none now."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        self._room.set()
        return frame

    def flush(self) -> tuple[Samples, float] | None:
        """The audio that is less than a frame, with silence behind it; None if there is none."""
        if not self._rest.size:
            return None
        frame = np.pad(self._rest, (0, FRAME - self._rest.size))
        self._rest = np.zeros(0, np.float32)
        return frame, time.perf_counter()

    def assume_silence(self) -> None:
        """Where the caller has sent nothing for a while, silence goes on in real time."""
        now = time.perf_counter()
        while self._real_time and not self.closed and now - self._last_audio >= self._times.no_audio:
            self._last_audio += FRAME / SAMPLE_RATE
            self._frames.append((_SILENCE, now))
            if len(self._frames) * FRAME >= self._times.ahead * SAMPLE_RATE:
                self._last_audio = now
                return

    def connected(self) -> None:
        """A connection begins: time without one is no silence, and gives no credit."""
        self._credit_at = self._last_audio = time.perf_counter()
        self._credit = self._times.ahead

    def close(self) -> None:
        """Takes nothing more; audio that waits is dropped."""
        self.closed = True
        self._room.set()
