"""Audio levels: gain for quiet recordings before recognition, and loudness normalization of replies.

Loudness is measured as in ITU-R BS.1770 and EBU R 128, in LUFS, by FFmpeg's ``ebur128``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from inference.ports import SAMPLE_RATE, Samples

#: Target level of the loudest tenth of the frames, in dB of full scale, and the largest gain in dB.
_SPEECH_LEVEL: Final = -26.0
_MAX_GAIN: Final = 50.0

#: Most dB by which a quiet part gets more gain than the loudest: for a second speaker, not a voice in the next room.
_MAX_EXTRA_GAIN: Final = 20.0

_FRAME: Final = SAMPLE_RATE // 50

#: Frames on each side that determine a frame's gain: 3 seconds.
_AROUND: Final = 150

#: Target loudness of a reply in LUFS; the limiter takes up to 1. -16 to -19 is usual for speech.
REPLY_LOUDNESS: Final = -17.0

#: Largest sample of a reply, -1.5 dB of full scale: peaks between samples may be slightly larger.
_CEILING: Final = 0.84

#: LUFS below which a sentence is not speech or too short to measure (under 0.4 s); bounds the gain at 33 dB.
_MEASURABLE: Final = -50.0

#: Seconds of a reply that count as much as the loudness learnt from earlier replies of the voice.
_USUAL_SECONDS: Final = 6.0

#: Share of the latest reply in the loudness of its voice, and most voices that are remembered.
_LEARNT_SHARE: Final = 0.3
_MAX_VOICES: Final = 256


def raised(samples: Samples) -> Samples:
    """Amplifies quiet speech. ``samples``: float32 at 16 kHz; louder parts are unchanged.

    The gain follows the 90th percentile of the frames' levels within 3 s on each side, smoothed, so that neither a
    click nor another, louder voice suppresses a quiet one.
    """
    frames = -(-samples.size // _FRAME)
    if not frames:
        return samples
    padded = np.zeros(frames * _FRAME, np.float32)
    padded[: samples.size] = samples
    power = np.square(padded.reshape(frames, _FRAME)).mean(axis=1, dtype=np.float64)
    missing = _SPEECH_LEVEL - _loud_around(10 * np.log10(power + 1e-12))
    gain = np.clip(missing, 0.0, min(_MAX_GAIN, max(0.0, float(missing.min())) + _MAX_EXTRA_GAIN))
    if not gain.any():
        return samples
    kernel = np.hanning(_AROUND + 3)[1:-1]  # an odd number of frames
    smooth = np.convolve(np.pad(gain, _AROUND // 2, mode="edge"), kernel / kernel.sum(), mode="valid")
    middles = (np.arange(frames) + 0.5) * _FRAME
    factor = np.interp(np.arange(samples.size), middles, 10 ** (smooth / 20))
    return np.clip(samples * factor, -1.0, 1.0).astype(np.float32)


def _loud_around(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 90th percentile of the levels around each frame."""
    padded = np.pad(levels, _AROUND, mode="edge" if levels.size <= _AROUND else "reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1)
    loud: NDArray[np.float64] = np.percentile(windows, 90, axis=1)
    return loud


class LoudnessMeter:
    """Integrated loudness of a stream of mono samples at ``rate`` Hz."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._graph = _graph(rate, ("ebur128", "metadata=1"))
        self._position = 0

    def add(self, samples: Samples) -> float:
        """Adds samples; returns the LUFS of all samples so far, below -60 if they are too short."""
        measured = -70.0
        self._graph.push(_frame(samples, self._rate, self._position))
        self._position += samples.size
        for frame in _pulled(self._graph):
            measured = float(frame.metadata.get("lavfi.r128.I", measured))
        return measured


class VoiceLevels:
    """The loudness of each voice, in LUFS, learnt from the replies of this process."""

    def __init__(self) -> None:
        self._learnt: OrderedDict[Hashable, float] = OrderedDict()

    def of(self, voice: Hashable) -> float | None:
        """None for a voice that has not been heard."""
        return self._learnt.get(voice)

    def learn(self, voice: Hashable, loudness: float) -> None:
        """``loudness``: of a whole reply, before its normalization."""
        earlier = self._learnt.pop(voice, loudness)
        self._learnt[voice] = earlier + _LEARNT_SHARE * (loudness - earlier)
        if len(self._learnt) > _MAX_VOICES:
            self._learnt.popitem(last=False)


class ReplyLevel:
    """Normalizes the parts of one reply, sentences or pieces, to ``REPLY_LOUDNESS``, without clipping.

    The gain is that of all parts so far, so replies are equally loud and the voice keeps its emphasis within one. A
    part too short to be measured gets the gain of those before it.

    ``usual``: the loudness of the voice, if known (``VoiceLevels``). It counts as much as 6 s of the reply: the first
    piece, which is short, is then no louder or quieter than the rest. Pieces must begin and end in silence.
    """

    def __init__(self, usual: float | None = None) -> None:
        self._usual = usual
        self._meter: LoudnessMeter | None = None
        self._rate = 0
        self._seconds = 0.0
        self._gain = 1.0 if usual is None else _gain(usual)
        #: The loudness of all parts so far before the normalization, in LUFS; None if it could not be measured.
        self.measured: float | None = None

    def levelled(self, samples: Samples, rate: int) -> Samples:
        """Normalizes the next part; takes milliseconds for each second of audio."""
        if self._meter is None or rate != self._rate:
            self._meter, self._rate, self._seconds = LoudnessMeter(rate), rate, 0.0
        loudness = self._meter.add(samples)
        self._seconds += samples.size / rate
        if loudness > _MEASURABLE:
            self.measured = loudness
            self._gain = _gain(self._with_usual(loudness))
        louder: Samples = (samples * self._gain).astype(np.float32)
        peak = float(np.abs(louder).max(initial=0.0))
        return _limited(louder, rate) if peak > _CEILING else louder

    def _with_usual(self, loudness: float) -> float:
        if self._usual is None:
            return loudness
        return (self._usual * _USUAL_SECONDS + loudness * self._seconds) / (_USUAL_SECONDS + self._seconds)


def _gain(loudness: float) -> float:
    return float(10 ** ((REPLY_LOUDNESS - loudness) / 20))


def _limited(samples: Samples, rate: int) -> Samples:
    """A look-ahead limiter: peaks stay below the ceiling."""
    graph = _graph(rate, ("alimiter", f"limit={_CEILING}:attack=5:release=50:level=0:latency=1"))
    graph.push(_frame(samples, rate, 0))
    graph.push(None)
    pieces = [frame.to_ndarray().reshape(-1) for frame in _pulled(graph)]
    below: Samples = np.clip(np.concatenate(pieces)[: samples.size], -_CEILING, _CEILING).astype(np.float32)
    return below


def _graph(rate: int, stage: tuple[str, str]) -> Graph:
    graph = Graph()
    source = graph.add_abuffer(sample_rate=rate, format="dbl", layout="mono")
    worker = graph.add(*stage)
    to_doubles = graph.add("aformat", "sample_fmts=dbl:channel_layouts=mono")
    sink = graph.add("abuffersink")
    source.link_to(worker)
    worker.link_to(to_doubles)
    to_doubles.link_to(sink)
    graph.configure()
    return graph


def _frame(samples: Samples, rate: int, position: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples.astype(np.float64)[None, :], format="dbl", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, position, Fraction(1, rate)
    return frame


def _pulled(graph: Graph) -> Iterator[av.AudioFrame]:
    """The frames that a filter graph has ready."""
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):  # no frame is ready, or the stream has ended
            return
        assert isinstance(frame, av.AudioFrame)
        yield frame
