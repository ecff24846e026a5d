"""Decodes and resamples a recording (PyAV, FFmpeg) to mono float32 at 16 kHz, from any common format.

The bytes are untrusted: only demuxers and decoders of the allowlist are used, and FFmpeg can open nothing else. Decoded
samples are counted; CPU time and memory are limited by the decoder process.
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
from db.audio.codecs import CONTAINER_OPTIONS, decoder_of
from db.audio.downmix import downmix
from db.audio.limits import OPEN_CPU_SECONDS, SAMPLE_RATE, decode_cpu_seconds
from db.audio.recording import CustomerChannel, Recording
from db.audio.strip_metadata import strip_metadata
from db.errors import AudioTooLong, AudioUnreadable

_MAX_CHANNELS = 16

#: Sample rates in Hz. The size of a resampler's filter table, and the time to compute it, grow with the rate.
_RATES = range(2_000, 192_001)

#: Samples of all channels per second of the allowed duration: two channels at 192 kHz, or eight at 48 kHz.
_SAMPLES_PER_SECOND = 384_000

#: Share of undecodable packets from which a recording is damaged.
_MAX_BAD_SHARE = 0.05

_UNREADABLE = (
    "The recording could not be read. Send a complete WAV, MP3, Ogg or WebM (Opus or Vorbis), FLAC, M4A/MP4 (AAC) or "
    "AMR file."
)


def read_recording(
    data: bytes,
    *,
    max_seconds: float,
    declared_mime_type: str | None = None,
    customer_channel: CustomerChannel = "auto",
    allow_cpu: Callable[[float], None] = lambda _: None,
) -> Recording:
    """Decodes ``data``. Blocks in native code that cannot be interrupted, so it runs in a decoder process.

    ``customer_channel``: see ``db.audio.downmix``. ``allow_cpu``: called before each step with its limit of CPU time in
    seconds. Raises AudioTooLong once more than ``max_seconds`` are decoded, and AudioUnreadable if the data is not
    audio, damaged, truncated or empty, or if its declared media type is not audio. A truncated file is only detected if
    it declares its duration.
    """
    if not _may_be_audio(declared_mime_type):
        raise AudioUnreadable("The declared media type is not an audio type. Declare the recording's, as audio/wav.")
    try:
        allow_cpu(OPEN_CPU_SECONDS)
        stripped = strip_metadata(data)
        with av.open(io.BytesIO(stripped), "r", options=CONTAINER_OPTIONS, metadata_errors="replace") as container:
            allow_cpu(decode_cpu_seconds(max_seconds))
            return _decode(container, stripped, max_seconds, customer_channel)
    except (av.FFmpegError, ValueError, IndexError, OverflowError) as exc:
        # FFmpeg's message is not passed on: it may contain text of the file.
        raise AudioUnreadable(_UNREADABLE) from exc


def _may_be_audio(declared: str | None) -> bool:
    if not declared:
        return True
    essence = declared.split(";")[0].strip().lower()
    return essence.startswith(("audio/", "video/")) or essence in ("application/ogg", "application/octet-stream")


def _decode(container: InputContainer, data: bytes, max_seconds: float, customer_channel: CustomerChannel) -> Recording:
    stream = container.streams.audio[0]
    decoder = decoder_of(stream)
    if containers.is_truncated(container, data):
        raise AudioUnreadable(_UNREADABLE)
    source = _StreamDecoder(container, stream, decoder, int(max_seconds * _SAMPLES_PER_SECOND))
    chunks: list[NDArray[np.float32]] = []
    left = int(max_seconds * SAMPLE_RATE)
    for chunk in _resampled(source.frames()):
        chunks.append(chunk)
        left -= chunk.shape[1]
        if left < 0:
            raise AudioTooLong(f"The recording is longer than {max_seconds:g} seconds. Send a shorter one.")
    channels = np.concatenate(chunks, axis=1) if chunks else np.zeros((1, 0), np.float32)
    chunks.clear()
    samples = channels[0] if len(channels) == 1 else downmix(channels, customer_channel)
    duration_ms = round(samples.size * 1000 / SAMPLE_RATE)
    if duration_ms == 0:
        raise AudioUnreadable("The recording has no audio: it is zero seconds long.")
    if source.damaged or _shorter_than_declared(container, data, max(source.seconds, samples.size / SAMPLE_RATE)):
        raise AudioUnreadable("The recording is damaged or truncated. Send the complete file.")
    return Recording(
        samples=samples,
        duration_ms=duration_ms,
        source_sample_rate=source.sample_rate,
        channels=source.channels,
        mime_type=containers.media_type(container, data),
    )


def _shorter_than_declared(container: InputContainer, data: bytes, seconds: float) -> bool:
    declared = containers.declared_seconds(container, data)
    if declared is None:
        return False
    # Encoders count their padding differently, and the duration of the last video frame is unknown.
    tolerance = min(max(declared * 0.1, 0.1), 0.5) + (1.0 if containers.has_video(container) else 0.0)
    return seconds < declared - tolerance


class _StreamDecoder:
    """Decodes one audio stream packet by packet; counts packets and samples, and measures the duration."""

    def __init__(
        self,
        container: InputContainer,
        stream: AudioStream,
        decoder: AudioCodecContext,
        max_samples: int,
    ) -> None:
        self._container = container
        self._stream = stream
        self._decoder = decoder
        self._samples_left = max_samples
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
        """Seconds from the first packet of any stream to the end of the last."""
        return self._last - (self._first or 0.0)

    def frames(self) -> Iterator[AudioFrame]:
        """Yields the frames that can be decoded, in order. Raises AudioUnreadable for too many channels or samples."""
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
                self._samples_left -= frame.samples * channels
                if channels > _MAX_CHANNELS or frame.sample_rate not in _RATES or self._samples_left < 0:
                    raise AudioUnreadable(
                        f"The recording has too many channels or samples: at most {_MAX_CHANNELS} channels, "
                        f"{_RATES[0]} to {_RATES[-1]} Hz, and {_SAMPLES_PER_SECOND} samples per second of all channels."
                    )
                self.sample_rate = self.sample_rate or frame.sample_rate
                self.channels = self.channels or frame.layout.nb_channels
                yield frame


def _resampled(frames: Iterator[AudioFrame]) -> Iterator[NDArray[np.float32]]:
    """Resamples frames, whose layout and rate may change, to finite float32 samples at 16 kHz.

    Shape (2, n) if the first frame has two channels, else (1, n): FFmpeg mixes more channels by their layout.
    """
    resampler: AudioResampler | None = None
    shape: tuple[str, str, int] | None = None
    layout = ""
    for frame in frames:
        frame.pts = None  # timestamps may jump or be wrong; only the order of the samples counts
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
