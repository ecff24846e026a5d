"""Recordings without their metadata: FFmpeg's time for a list of tags grows by the square of its length.

What is left is what decoding needs. Formats whose metadata is woven into the rest (Ogg, Matroska, MP4) stay as they
are: the decoder process has a limit of CPU time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

#: RIFF sizes from here up mean "written while recording, length unknown".
_RIFF_UNKNOWN = 0x7FFF_0000
_RIFF_KINDS = (b"RIFF", b"RIFX", b"RF64", b"BW64")

#: Parts that a file may have beside its sound: chunks of a WAV, metadata blocks of a FLAC, tags before an MP3.
_MAX_PARTS = 1_000

#: Bytes of a WAV's fmt and fact chunk: the largest that a known codec has, and room.
_MAX_FORMAT = 4_096

_ID3_HEADER = 10
_FLAC_STREAMINFO = 34


def stripped(data: bytes) -> bytes:
    """The recording, of which FFmpeg may see all. Raises ValueError for a WAV or FLAC that is cut off or no such file.

    A WAV's chunk of text may claim a size of gigabytes, which FFmpeg fills with zeros before it finds that they are
    not there.
    """
    data = data[_after_id3(data) :]
    if data[:4] in _RIFF_KINDS:
        return _wav(data)
    if data[:4] == b"fLaC":
        return _flac(data)
    return data


def _after_id3(data: bytes) -> int:
    """Where the file goes on behind its ID3v2 tags (id3.org, ID3v2.4 section 3.1); 0 without one."""
    at = 0
    for _ in range(_MAX_PARTS):
        if data[at : at + 3] != b"ID3" or len(data) < at + _ID3_HEADER:
            return at
        size = 0
        for byte in data[at + 6 : at + _ID3_HEADER]:
            size = size << 7 | byte & 0x7F  # seven bits a byte, so that a size never looks like the start of a frame
        at += _ID3_HEADER + size
    raise ValueError("too many ID3 tags")


def _wav(data: bytes) -> bytes:
    """A WAV of its fmt, fact and data chunks alone, its sizes right.

    Some writers count their header into the data: a little less than stated is taken, as it is of other formats.
    """
    if data[:4] != b"RIFF":
        raise ValueError("a WAV for more than four gigabytes, or of an extinct byte order")
    kept: dict[bytes, memoryview] = {}
    view = memoryview(data)
    for name, start, size in _chunks(data):
        there = len(data) - start
        if name == b"data":
            if size == 0 or size >= _RIFF_UNKNOWN:
                size = there  # noqa: PLW2901
            elif size - there > _slack(kept.get(b"fmt ", view[:0]), size):
                raise ValueError("a WAV that is cut off")
            kept[name] = view[start : start + size]
            break
        if size > there:
            raise ValueError("a chunk is not all there")
        if name in {b"fmt ", b"fact"} and name not in kept:
            if size > _MAX_FORMAT:
                raise ValueError("a chunk is too large")
            kept[name] = view[start : start + size]
    if b"data" not in kept or b"fmt " not in kept:
        raise ValueError("a WAV without samples")
    whole: list[bytes | memoryview] = []
    for name, body in kept.items():
        whole += [struct.pack("<4sI", name, len(body)), body, b"\0" * (len(body) % 2)]
    return b"".join([struct.pack("<4sI4s", b"RIFF", 4 + sum(map(len, whole)), b"WAVE"), *whole])


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and stated size of each chunk of a RIFF file."""
    at = 12
    for _ in range(_MAX_PARTS):
        if at + 8 > len(data):
            return
        name, size = struct.unpack_from("<4sI", data, at)
        yield name, at + 8, size
        at += 8 + size + size % 2
    raise ValueError("too many chunks")


def _slack(format_chunk: memoryview, size: int) -> int:
    """Bytes that may be missing of ``size``: 0.1 to 0.5 seconds of sound, and a tenth at most."""
    if len(format_chunk) < 12:
        return 0
    (bytes_a_second,) = struct.unpack_from("<I", format_chunk, 8)
    return int(min(max(size / 10, bytes_a_second / 10), bytes_a_second / 2, size / 10 + 64))


def _flac(data: bytes) -> bytes:
    """A FLAC whose only metadata block is STREAMINFO (RFC 9639, section 8)."""
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
