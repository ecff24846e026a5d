"""Container format of a recording: its media type, its declared duration, and whether the file is truncated.

FFmpeg estimates the duration of a file that declares none, and shortens a declared one to the bytes that are present,
so its value does not show a truncated file. This module tells which files declare a duration.
"""

from __future__ import annotations

from av.container import InputContainer

_OGG_HEADER_BYTES = 27

#: Bytes from the start of an MP3 or Matroska file in which a declared duration is searched.
_HEAD_BYTES = 4096

_PLAIN_TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "amr": "audio/amr",
}


def media_type(container: InputContainer, data: bytes) -> str:
    """The registered (IANA) media type of the container, whatever type the sender declared."""
    name = container.format.name
    if name in _PLAIN_TYPES:
        return _PLAIN_TYPES[name]
    kind = "video" if has_video(container) else "audio"
    if name.startswith("matroska"):
        return f"{kind}/webm" if b"webm" in data[:64] else f"{kind}/matroska"
    brand = container.metadata.get("major_brand", "")
    if brand.startswith("qt"):
        return "video/quicktime"
    if brand.startswith("3g"):
        return f"{kind}/3gpp"
    return f"{kind}/mp4"


def has_video(container: InputContainer) -> bool:
    """Whether the container has a video stream. FFmpeg lists a cover image as one, but only in audio-only formats."""
    return container.format.name not in _PLAIN_TYPES and len(container.streams.video) > 0


def declared_seconds(container: InputContainer, data: bytes) -> float | None:
    """The duration that the file declares, in seconds; None if it declares none, as a file written while recording."""
    name = container.format.name
    declared = container.duration
    if declared is None or name in ("wav", "aac", "ogg", "amr"):
        return None
    if name == "mp3" and not _mp3_declares_duration(data):
        return None
    if name.startswith("matroska") and not _matroska_declares_duration(data):
        return None
    return declared / 1_000_000


def is_truncated(container: InputContainer, data: bytes) -> bool:
    """Whether the last page of an Ogg file is incomplete; False for other formats."""
    return container.format.name == "ogg" and _ogg_is_truncated(data)


def _ogg_is_truncated(data: bytes) -> bool:
    """Compares the last page with the size in its segment table (RFC 3533, section 6)."""
    page = data.rfind(b"OggS")
    lacing = page + _OGG_HEADER_BYTES
    if len(data) < lacing:
        return True
    segments = data[lacing - 1]
    sizes = data[lacing : lacing + segments]
    return len(sizes) < segments or lacing + segments + sum(sizes) > len(data)


def _mp3_declares_duration(data: bytes) -> bool:
    """Whether there is a Xing, Info or VBRI header, which has the number of frames."""
    head = data[:_HEAD_BYTES]
    return any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))


def _matroska_declares_duration(data: bytes) -> bool:
    """Whether there is a Duration element (RFC 9559: id 0x4489), a float of 4 or 8 bytes."""
    head = data[:_HEAD_BYTES]
    return any(b"\x44\x89" + size in head for size in (b"\x84", b"\x88"))
