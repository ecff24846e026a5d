"""Audio formats of a transport, and streams that convert between them and float32 samples of another rate."""

from __future__ import annotations

from enum import StrEnum

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from graph.voice import g711

#: One channel, float32 in -1..1.
Samples = NDArray[np.float32]

_FULL_SCALE = 32_767


class AudioFormat(StrEnum):
    """Formats by media type: 16-bit little-endian PCM at 24 kHz, µ-law and A-law at 8 kHz. One channel."""

    PCM = "audio/pcm"
    ULAW = "audio/pcmu"
    ALAW = "audio/pcma"

    @property
    def rate(self) -> int:
        return 24_000 if self is AudioFormat.PCM else 8_000

    @property
    def sample_bytes(self) -> int:
        return 2 if self is AudioFormat.PCM else 1

    def milliseconds(self, size: int) -> float:
        """The duration of ``size`` bytes."""
        return size / self.sample_bytes / self.rate * 1e3

    def size(self, milliseconds: float) -> int:
        """The bytes of a duration, rounded down to a whole sample."""
        return int(milliseconds * self.rate / 1e3) * self.sample_bytes


class InputStream:
    """Converts a caller's audio, in any pieces, to ``rate`` Hz. One stream for one format: it has a filter."""

    def __init__(self, source: AudioFormat, rate: int) -> None:
        self._source = source
        self._resampler = PromptResampler(source.rate, rate)

    def convert(self, data: bytes) -> Samples:
        """``data``: whole samples; some of the audio may come out with the next piece."""
        if self._source is AudioFormat.PCM:
            wide = np.frombuffer(data, "<i2")
        elif self._source is AudioFormat.ULAW:
            wide = g711.decode_ulaw(data)
        else:
            wide = g711.decode_alaw(data)
        return self._resampler.convert(wide.astype(np.float32) / np.float32(_FULL_SCALE + 1))


class OutputStream:
    """Converts the audio of one reply to a format; the sample rate may change from piece to piece."""

    def __init__(self, target: AudioFormat) -> None:
        self.target = target
        self._rate = 0
        self._resampler: Resampler | None = None

    def convert(self, samples: Samples, rate: int) -> bytes:
        before = b""
        if self._resampler is None or rate != self._rate:
            before = self.flush()
            self._rate, self._resampler = rate, Resampler(rate, self.target.rate)
        return before + self._encoded(self._resampler.convert(samples))

    def flush(self) -> bytes:
        """The rest, which the filter holds back. Another piece begins anew."""
        if self._resampler is None:
            return b""
        rest, self._resampler = self._resampler.flush(), None
        return self._encoded(rest)

    def _encoded(self, samples: Samples) -> bytes:
        wide = np.round(np.clip(samples, -1, 1) * np.float32(_FULL_SCALE)).astype(np.int16)
        if self.target is AudioFormat.PCM:
            return wide.astype("<i2").tobytes()
        return g711.encode_ulaw(wide) if self.target is AudioFormat.ULAW else g711.encode_alaw(wide)


class PromptResampler:
    """Streaming resampler that holds back 1 ms of audio (libswresample), where libsoxr's filter holds back 16 to 46.

    For a caller's audio, whose end of speech and interruptions are waited for.
    """

    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._frames = None if source == target else av.AudioResampler(format="flt", layout="mono", rate=target)

    def convert(self, samples: Samples) -> Samples:
        if self._frames is None or not samples.size:
            return samples
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None], format="flt", layout="mono")
        frame.sample_rate = self._source
        parts = [each.to_ndarray()[0] for each in self._frames.resample(frame)]
        return np.concatenate([np.zeros(0, np.float32), *parts])


class Resampler:
    """Streaming resampler (libsoxr); audio of equal rates passes unchanged."""

    def __init__(self, source: int, target: int) -> None:
        self._stream = None if source == target else soxr.ResampleStream(source, target, 1, dtype="float32")

    def convert(self, samples: Samples) -> Samples:
        return samples if self._stream is None else self._run(samples, last=False)

    def flush(self) -> Samples:
        nothing = np.zeros(0, np.float32)
        return nothing if self._stream is None else self._run(nothing, last=True)

    def _run(self, samples: Samples, *, last: bool) -> Samples:
        assert self._stream is not None
        converted: Samples = self._stream.resample_chunk(np.ascontiguousarray(samples), last=last)
        return converted
