"""Strips metadata (ID3 tags, RIFF chunks, FLAC blocks) before FFmpeg reads a recording.

FFmpeg needs time quadratic in the number of tags. Ogg, Matroska and MP4, whose metadata is interleaved with the rest,
are left unchanged: the decoder process has a limit of CPU time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

#: Data sizes of a WAV from here up are placeholders of a writer that streamed and did not know the length.
_RIFF_UNKNOWN = 0x7FFF_0000
_RIFF_KINDS = (b"RIFF", b"RIFX", b"RF64", b"BW64")

#: Most chunks of a WAV, metadata blocks of a FLAC, or ID3 tags before an MP3.
_MAX_PARTS = 1_000

#: Most bytes of a WAV's fmt or fact chunk: those of known codecs are far smaller.
_MAX_FORMAT = 4_096

_ID3_HEADER = 10
_FLAC_STREAMINFO = 34


def strip_metadata(data: bytes) -> bytes:
    """The recording without metadata. Raises ValueError for a WAV or FLAC that is truncated or malformed.

    A chunk of a WAV may declare gigabytes, which FFmpeg allocates before it finds that they are missing.
    """
    data = data[_after_id3(data) :]
    if data[:4] in _RIFF_KINDS:
        return _wav(data)
    if data[:4] == b"fLaC":
        return _flac(data)
    return data


def _after_id3(data: bytes) -> int:
    """The offset after the file's ID3v2 tags (id3.org, ID3v2.4 section 3.1); 0 without one."""
    at = 0
    for _ in range(_MAX_PARTS):
        if data[at : at + 3] != b"ID3" or len(data) < at + _ID3_HEADER:
            return at
        size = 0
        for byte in data[at + 6 : at + _ID3_HEADER]:
            size = size << 7 | byte & 0x7F  # a synchsafe integer: seven bits a byte
        at += _ID3_HEADER + size
    raise ValueError("too many ID3 tags")


def _wav(data: bytes) -> bytes:
    """The WAV with its fmt, fact and data chunks only, and with correct sizes.

    Some writers count the header into the data chunk, so a few missing bytes are tolerated.
    """
    if data[:4] != b"RIFF":
        raise ValueError("a 64-bit (RF64, BW64) or big-endian (RIFX) WAV")
    kept: dict[bytes, memoryview] = {}
    view = memoryview(data)
    for name, start, size in _chunks(data):
        present = len(data) - start
        if name == b"data":
            if size == 0 or size >= _RIFF_UNKNOWN:
                size = present  # noqa: PLW2901
            elif size - present > _tolerance(kept.get(b"fmt ", view[:0]), size):
                raise ValueError("a truncated WAV")
            kept[name] = view[start : start + size]
            break
        if size > present:
            raise ValueError("a truncated chunk")
        if name in {b"fmt ", b"fact"} and name not in kept:
            if size > _MAX_FORMAT:
                raise ValueError("a chunk is too large")
            kept[name] = view[start : start + size]
    if b"data" not in kept or b"fmt " not in kept:
        raise ValueError("a WAV without samples")
    parts: list[bytes | memoryview] = []
    for name, body in kept.items():
        parts += [struct.pack("<4sI", name, len(body)), body, b"\0" * (len(body) % 2)]
    return b"".join([struct.pack("<4sI4s", b"RIFF", 4 + sum(map(len, parts)), b"WAVE"), *parts])


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yields name, offset and declared size of each chunk of a RIFF file."""
    at = 12
    for _ in range(_MAX_PARTS):
        if at + 8 > len(data):
            return
        name, size = struct.unpack_from("<4sI", data, at)
        yield name, at + 8, size
        at += 8 + size + size % 2
    raise ValueError("too many chunks")


def _tolerance(format_chunk: memoryview, size: int) -> int:
    """Bytes that may be missing of ``size``: a tenth, or a header more in a short file; at most 0.5 seconds."""
    if len(format_chunk) < 12:
        return 0
    (byte_rate,) = struct.unpack_from("<I", format_chunk, 8)
    return int(min(max(size / 10, byte_rate / 10), byte_rate / 2, size / 10 + 64))


def _flac(data: bytes) -> bytes:
    """The FLAC file with STREAMINFO as its only metadata block (RFC 9639, section 8)."""
    info = b""
    at = 4
    for _ in range(_MAX_PARTS):
        if at + 4 > len(data):
            break
        kind, size = data[at] & 0x7F, int.from_bytes(data[at + 1 : at + 4], "big")
        last = data[at] & 0x80
        if kind == 0 and size == _FLAC_STREAMINFO and not info:
            info = data[at + 4 : at + 4 + size]
        at += 4 + size
        if last:
            if len(info) < _FLAC_STREAMINFO:
                break
            return b"fLaC\x80" + _FLAC_STREAMINFO.to_bytes(3, "big") + info + data[at:]
    raise ValueError("a FLAC without STREAMINFO, or with too many blocks")
