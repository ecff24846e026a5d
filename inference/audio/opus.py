"""Opus in stereo: packets of 20 ms as they are spoken, and an Ogg file of packets (RFC 6716, RFC 7845).

Packets are joined to a file without being decoded, so that the file of a long call costs next to nothing.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from inference.ports import SAMPLE_RATE

MIME_TYPE = "audio/ogg"

#: Duration of a packet, and its samples a channel.
PACKET_MS = 20
PACKET = SAMPLE_RATE * PACKET_MS // 1000

#: Bits per second for both channels: transparent for speech of 16 kHz, 6 KB/s at most.
_BIT_RATE = 48_000
_BASE = Fraction(1, SAMPLE_RATE)
_LENGTH = struct.Struct("<H")

Stereo = NDArray[np.float32]


class OpusEncoder:
    """Encodes a stream of stereo audio, 16 kHz. One thread at a time."""

    def __init__(self) -> None:
        encoder = av.CodecContext.create("libopus", "w")
        assert isinstance(encoder, AudioCodecContext)
        encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, "stereo", "s16"
        encoder.bit_rate, encoder.time_base = _BIT_RATE, _BASE
        # "audio", not "voip": the latter codes what both channels have in common, and so leaks one into the other.
        encoder.options = {"application": "audio", "frame_duration": str(PACKET_MS), "compression_level": "5"}
        encoder.open()
        self._encoder = encoder
        self._at = 0

    def encode(self, samples: Stereo) -> bytes:
        """The packets of the next audio, for ``unpack``. ``samples``: shape (n, 2), n a multiple of ``PACKET``."""
        pcm = np.rint(np.clip(samples, -1.0, 1.0) * 32_767).astype("<i2")
        packets: list[bytes] = []
        for start in range(0, len(pcm), PACKET):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(pcm[start : start + PACKET]).reshape(1, -1), format="s16", layout="stereo"
            )
            frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, _BASE, self._at
            self._at += PACKET
            packets.extend(bytes(packet) for packet in self._encoder.encode(frame))
        return pack(packets)


def pack(packets: Iterable[bytes]) -> bytes:
    """Packets as bytes, each after its length in two bytes."""
    return b"".join(_LENGTH.pack(len(packet)) + packet for packet in packets)


def unpack(data: bytes) -> Iterator[bytes]:
    """Inverse of ``pack``."""
    at = 0
    while at < len(data):
        (size,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        yield data[at : at + size]
        at += size


class OggFile:
    """An Ogg file of Opus packets in memory. Where there is no packet, it is silent. One thread at a time."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        self._container = av.open(self._file, "w", format="ogg")
        self._stream = self._container.add_stream("libopus", rate=SAMPLE_RATE, layout="stereo")
        self._packets = 0
        silent = list(unpack(OpusEncoder().encode(np.zeros((4 * PACKET, 2), np.float32))))
        self._silence = silent[-1]

    @property
    def duration_ms(self) -> int:
        return self._packets * PACKET_MS

    def add(self, at_ms: int, data: bytes) -> None:
        """Adds the packets, of ``OpusEncoder.encode``, from ``at_ms`` on; what the file has already is left out."""
        start = at_ms // PACKET_MS
        while self._packets < start:
            self._write(self._silence)
        for number, packet in enumerate(unpack(data), start):
            if number == self._packets:
                self._write(packet)

    def _write(self, payload: bytes) -> None:
        packet = av.Packet(payload)
        packet.stream, packet.time_base, packet.duration = self._stream, _BASE, PACKET
        packet.pts = packet.dts = self._packets * PACKET
        self._container.mux(packet)
        self._packets += 1

    def close(self) -> bytes:
        """The file."""
        self._container.close()
        return self._file.getvalue()
