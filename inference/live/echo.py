"""Echo cancellation for phone lines: the reply's echo in the caller's audio must not count as speech.

WebRTC's audio processing module (AEC3), through the package ``livekit`` (Apache-2.0), which is used for nothing else:
it opens no connection then. Browsers cancel the echo themselves. Cost: 0.01 cores a call, 10 ms of delay at most, and
40 MB a process.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from db.errors import EngineUnavailable
from inference.audio.wav import resample
from inference.live.caller_events import ClearPlayback, PausePlayback, ReplyAudio, ResumePlayback, ToCaller
from inference.live.ports import CallerSpeaker
from inference.ports import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from livekit.rtc.apm import AudioProcessingModule
    from livekit.rtc.audio_frame import AudioFrame

#: Samples of a frame, 10 ms: the only size that WebRTC takes.
_FRAME = SAMPLE_RATE // 100

#: Seconds of audio that may wait to be played; what is sent beyond it is not cancelled.
_MOST_WAITING = 120

_SILENCE = np.zeros(_FRAME, np.int16)


@cache
def load() -> tuple[type[AudioProcessingModule], type[AudioFrame]]:
    """Imports the package, which takes 0.3 s; for a thread. Raises EngineUnavailable where it is not installed."""
    try:
        from livekit.rtc.apm import AudioProcessingModule  # noqa: PLC0415 - only a process that takes phone calls
        from livekit.rtc.audio_frame import AudioFrame  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise EngineUnavailable("Echo cancellation of phone calls needs the package livekit.") from error
    return AudioProcessingModule, AudioFrame


class EchoCanceller:
    """The echo canceller of one call. Not thread-safe.

    Audio that was sent (``play``) is taken as played in the time of the caller's own audio (``hear``): 10 ms of each,
    side by side. The echo may come up to 0.4 s later; the canceller finds the delay itself, within a second.
    """

    def __init__(self) -> None:
        """Raises EngineUnavailable."""
        module, self._frame = load()
        self._module = module(echo_cancellation=True, high_pass_filter=True)
        self._sent: deque[NDArray[np.int16]] = deque()
        self._waiting = 0
        self._paused = False
        self._heard = np.zeros(0, np.int16)

    @property
    def waiting_seconds(self) -> float:
        """Seconds of audio that was sent and is not played yet."""
        return self._waiting / SAMPLE_RATE

    def play(self, samples: Samples, sample_rate: int) -> None:
        """Audio that was sent to the caller: it is played after what was sent before. ``sample_rate``: in Hz."""
        pcm = _pcm(resample(samples, sample_rate, SAMPLE_RATE))
        if pcm.size and self.waiting_seconds < _MOST_WAITING:
            self._sent.append(pcm)
            self._waiting += pcm.size

    def pause(self) -> None:
        """The playback is held."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def clear(self) -> None:
        """What was not played is dropped."""
        self._sent.clear()
        self._waiting = 0
        self._paused = False

    def hear(self, samples: Samples) -> Samples:
        """The caller's audio without the echo, in whole frames of 10 ms: up to 159 samples are kept for the next call.

        ``samples``: 16 kHz mono, any length.
        """
        pcm = np.concatenate([self._heard, _pcm(samples)])
        whole = pcm.size - pcm.size % _FRAME
        self._heard = pcm[whole:]
        cleaned = [self._without_echo(pcm[start : start + _FRAME]) for start in range(0, whole, _FRAME)]
        if not cleaned:
            return np.zeros(0, np.float32)
        return (np.concatenate(cleaned) / np.float32(32768)).astype(np.float32)

    def _without_echo(self, near: NDArray[np.int16]) -> NDArray[np.int16]:
        far_frame, near_frame = (
            self._frame(bytearray(each.tobytes()), SAMPLE_RATE, 1, _FRAME) for each in (self._played(), near)
        )
        try:
            self._module.process_reverse_stream(far_frame)
            self._module.process_stream(near_frame)
        except RuntimeError as error:
            raise EngineUnavailable("The echo canceller failed.") from error
        return np.frombuffer(bytes(near_frame.data), np.int16)

    def _played(self) -> NDArray[np.int16]:
        """The next 10 ms of what the caller is played."""
        if self._paused or not self._sent:
            return _SILENCE
        pieces: list[NDArray[np.int16]] = []
        missing = _FRAME
        while missing and self._sent:
            piece = self._sent.popleft()
            pieces.append(piece[:missing])
            if piece.size > missing:
                self._sent.appendleft(piece[missing:])
            missing -= pieces[-1].size
        self._waiting -= _FRAME - missing
        return np.concatenate([*pieces, _SILENCE[:missing]])


class EchoFreeSpeaker:
    """A ``CallerSpeaker`` that tells the canceller what is played; the transport passes the caller's audio to its
    ``hear`` before the call gets it.
    """

    def __init__(self, speaker: CallerSpeaker, canceller: EchoCanceller) -> None:
        self._speaker = speaker
        self._canceller = canceller

    async def send(self, event: ToCaller) -> None:
        if isinstance(event, ReplyAudio):
            self._canceller.play(event.samples, event.sample_rate)
        elif isinstance(event, PausePlayback):
            self._canceller.pause()
        elif isinstance(event, ResumePlayback):
            self._canceller.resume()
        elif isinstance(event, ClearPlayback):
            self._canceller.clear()
        await self._speaker.send(event)


def _pcm(samples: Samples) -> NDArray[np.int16]:
    return (np.clip(samples, -1, 1) * 32767).astype(np.int16)
