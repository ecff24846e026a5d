"""Decompression-bomb-like recordings: small files with many tags, for which FFmpeg needs quadratic time."""

from __future__ import annotations

import struct

from tests.db.encode import encode


def webm_of_tags(count: int) -> bytes:
    """A WebM with ``count`` tags before its audio; 20,000 take half a minute of CPU and 0.8 MB."""
    tags = b"".join(
        _element(
            b"\x73\x73",
            _element(b"\x63\xc0", b"")
            + _element(b"\x67\xc8", _element(b"\x45\xa3", b"k%d" % number) + _element(b"\x44\x87", b"v")),
        )
        for number in range(count)
    )
    webm = encode("webm", "libopus", rate=48_000)
    clusters = webm.index(b"\x1f\x43\xb6\x75")
    return webm[:clusters] + _element(b"\x12\x54\xc3\x67", tags) + webm[clusters:]


def _element(identifier: bytes, body: bytes) -> bytes:
    return identifier + struct.pack(">Q", len(body) | 1 << 56) + body


def id3_of_tags(count: int) -> bytes:
    """An ID3v2 tag of ``count`` distinct TXXX frames; 100,000 take over a minute of CPU and 1.9 MB."""
    frames = b"".join(_frame(b"\x03k%d\0v" % number) for number in range(count))
    return b"ID3\x04\0\0" + _synchsafe(len(frames)) + frames


def _frame(body: bytes) -> bytes:
    return b"TXXX" + _synchsafe(len(body)) + b"\0\0" + body


def _synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))


def flac_of_comments(count: int) -> bytes:
    """A FLAC with ``count`` comments."""
    flac = encode("flac", "flac", rate=16_000)
    comments = b"".join(struct.pack("<I", len(each)) + each for each in (b"K%d=v" % number for number in range(count)))
    block = struct.pack("<II", 0, count) + comments
    head = b"\x04" + len(block).to_bytes(3, "big")
    return flac[:4] + b"\0" + flac[5:42] + head + block + b"\x81\0\0\0" + flac[flac.index(b"\xff\xf8") :]


def wav_of_chunks(count: int, *, size: int = 0) -> bytes:
    """A WAV with ``count`` chunks before its audio."""
    wav = encode("wav", "pcm_s16le", rate=16_000)
    return wav[:12] + (struct.pack("<4sI", b"junk", size) + bytes(size)) * count + wav[12:]
