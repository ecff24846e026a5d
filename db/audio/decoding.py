"""Recordings as people send them, decoded: any common container, any rate, any number of channels.

The bytes are hostile until proven otherwise: only demuxers and decoders on a list are ever reached, nothing but the
bytes themselves can be opened. What is decoded is counted; time and memory are bounded by the decoder process.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from db.audio import containers
from db.audio.channels import mono
from db.audio.codecs import CONTAINER_OPTIONS, decoder_of
from db.audio.limits import OPEN_CPU_SECONDS, SAMPLE_RATE, decode_cpu_seconds
from db.audio.recorded import CustomerChannel, Recording
from db.audio.stripped import stripped
from db.errors import AudioTooLong, AudioUnreadable

_MAX_CHANNELS = 16

#: Samples a second that a recording may have. A resampler's table, and the time to make it, grow with the rate.
_RATES = range(2_000, 192_001)

#: Samples of all channels for each second that a recording may last: two channels at 192 kHz, eight at 48 kHz.
_SAMPLES_A_SECOND = 384_000

#: A recording with more undecodable packets than this share of all is damaged.
_MAX_BAD_SHARE = 0.05

_UNREADABLE = (
    "The recording could not be read. Send a whole WAV, MP3, Ogg or WebM (Opus or Vorbis), FLAC, M4A/MP4 (AAC) or AMR "
    "file."
)


def read_recording(
    data: bytes,
    *,
    max_seconds: float,
    declared_mime_type: str | None = None,
    customer_channel: CustomerChannel = "auto",
    allow_cpu: Callable[[float], None] = lambda _: None,
) -> Recording:
    """Decodes ``data``: blocking, in native code that nothing interrupts, so call it in a decoder process.

    ``customer_channel``: which of two channels is taken, see ``channels.mono``.
    ``allow_cpu`` is told before each step how many seconds of CPU time it may take.
    Raises AudioUnreadable for what is no recording, is damaged, cut off, empty or declared to be something else than
    sound, and AudioTooLong as soon as more than ``max_seconds`` were decoded. A cut is noticed where the file states
    its length; one written while recording states none.
    """
    if not _may_hold_sound(declared_mime_type):
        raise AudioUnreadable("The declared media type is not one of audio. Declare the recording's own, as audio/wav.")
    try:
        allow_cpu(OPEN_CPU_SECONDS)
        known = stripped(data)
        with av.open(io.BytesIO(known), "r", options=CONTAINER_OPTIONS, metadata_errors="replace") as container:
            allow_cpu(decode_cpu_seconds(max_seconds))
            return _decode(container, known, max_seconds, customer_channel)
    except (av.FFmpegError, ValueError, IndexError, OverflowError) as exc:
        # FFmpeg's text may hold the file's own words: it is not passed on.
        raise AudioUnreadable(_UNREADABLE) from exc


def _may_hold_sound(declared: str | None) -> bool:
    if not declared:
        return True
    essence = declared.split(";")[0].strip().lower()
    return essence.startswith(("audio/", "video/")) or essence in ("application/ogg", "application/octet-stream")


def _decode(container: InputContainer, data: bytes, max_seconds: float, customer_channel: CustomerChannel) -> Recording:
    stream = container.streams.audio[0]
    decoder = decoder_of(stream)
    if containers.cut_off(container, data):
        raise AudioUnreadable(_UNREADABLE)
    reader = _Reader(container, stream, decoder, int(max_seconds * _SAMPLES_A_SECOND))
    pieces: list[NDArray[np.float32]] = []
    room = int(max_seconds * SAMPLE_RATE)
    for piece in _at_16k(reader.frames()):
        pieces.append(piece)
        room -= piece.shape[1]
        if room < 0:
            raise AudioTooLong(f"The recording is longer than {max_seconds:g} seconds. Send a shorter one.")
    channels = np.concatenate(pieces, axis=1) if pieces else np.zeros((1, 0), np.float32)
    pieces.clear()
    samples = channels[0] if len(channels) == 1 else mono(channels, customer_channel)
    duration_ms = round(samples.size * 1000 / SAMPLE_RATE)
    if duration_ms == 0:
        raise AudioUnreadable("The recording holds no sound: it is zero seconds long.")
    if reader.damaged or _shorter_than_stated(container, data, max(reader.seconds, samples.size / SAMPLE_RATE)):
        raise AudioUnreadable("The recording is damaged or cut off. Send the whole file.")
    return Recording(
        samples=samples,
        duration_ms=duration_ms,
        source_sample_rate=reader.sample_rate,
        channels=reader.channels,
        mime_type=containers.media_type(container, data),
    )


def _shorter_than_stated(container: InputContainer, data: bytes, seconds: float) -> bool:
    stated = containers.stated_seconds(container, data)
    if stated is None:
        return False
    # Encoders count their padding differently; a picture lasts until nobody says when.
    slack = min(max(stated * 0.1, 0.1), 0.5) + (1.0 if containers.has_pictures(container) else 0.0)
    return seconds < stated - slack


class _Reader:
    """Decodes one audio stream packet by packet and notes what it saw on the way."""

    def __init__(
        self,
        container: InputContainer,
        stream: AudioStream,
        decoder: AudioCodecContext,
        most_samples: int,
    ) -> None:
        self._container = container
        self._stream = stream
        self._decoder = decoder
        self._room = most_samples
        self._packets = 0
        self._bad = 0
        self._first: float | None = None
        self._last = 0.0
        self.sample_rate = 0
        self.channels = 0

    @property
    def damaged(self) -> bool:
        return self._bad > max(1, self._packets * _MAX_BAD_SHARE)

    @property
    def seconds(self) -> float:
        """From the first packet of any stream to the end of the last."""
        return self._last - (self._first or 0.0)

    def frames(self) -> Iterator[AudioFrame]:
        """What can be decoded, in order. Raises AudioUnreadable for more channels or samples than are taken."""
        for packet in self._container.demux():
            if packet.pts is not None and packet.time_base is not None:
                start = float(packet.pts * packet.time_base)
                self._first = start if self._first is None else min(self._first, start)
                self._last = max(self._last, start + float((packet.duration or 0) * packet.time_base))
            if packet.stream.index != self._stream.index:
                continue
            self._packets += 1
            try:
                frames = self._decoder.decode(packet)
            except av.InvalidDataError:
                self._bad += 1
                continue
            for frame in frames:
                channels = frame.layout.nb_channels
                self._room -= frame.samples * channels
                if channels > _MAX_CHANNELS or frame.sample_rate not in _RATES or self._room < 0:
                    raise AudioUnreadable(
                        f"The recording has more channels or samples than are taken: at most {_MAX_CHANNELS} channels, "
                        f"{_RATES[0]} to {_RATES[-1]} Hz, and {_SAMPLES_A_SECOND} samples a second in all channels."
                    )
                self.sample_rate = self.sample_rate or frame.sample_rate
                self.channels = self.channels or frame.layout.nb_channels
                yield frame


def _at_16k(frames: Iterator[AudioFrame]) -> Iterator[NDArray[np.float32]]:
    """Frames of any layout and rate, even of changing ones, as finite float32 samples at 16 kHz.

    Shape (2, n) if the first frame has two channels, else (1, n): more of them are mixed by their layout.
    """
    resampler: AudioResampler | None = None
    shape: tuple[str, str, int] | None = None
    layout = ""
    for frame in frames:
        # The file's clock may jump or lie; only the order of the samples counts.
        frame.pts = None
        layout = layout or ("stereo" if frame.layout.nb_channels == 2 else "mono")
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or now != shape:
            if resampler is not None:
                yield from _samples(resampler.resample(None))
            resampler, shape = AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE), now
        yield from _samples(resampler.resample(frame))
    if resampler is not None:
        yield from _samples(resampler.resample(None))


def _samples(frames: list[AudioFrame]) -> Iterator[NDArray[np.float32]]:
    for frame in frames:
        samples = frame.to_ndarray().astype(np.float32)
        yield np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
