"""What the bytes of a recording say of themselves: their true media type, and whether some of them are missing.

FFmpeg estimates a length where a file states none, and shortens a stated one to the bytes there are; neither can
show that a file was cut off. So the statements are read here, from the few places that make one.
"""

from __future__ import annotations

from av.container import InputContainer

_OGG_HEADER_BYTES = 27

#: How far into an MP3 or Matroska file its length is looked for.
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
    """The registered media type of the container, whatever the sender called it."""
    name = container.format.name
    if name in _PLAIN_TYPES:
        return _PLAIN_TYPES[name]
    kind = "video" if has_pictures(container) else "audio"
    if name.startswith("matroska"):
        return f"{kind}/webm" if b"webm" in data[:64] else f"{kind}/matroska"
    brand = container.metadata.get("major_brand", "")
    if brand.startswith("qt"):
        return "video/quicktime"
    if brand.startswith("3g"):
        return f"{kind}/3gpp"
    return f"{kind}/mp4"


def has_pictures(container: InputContainer) -> bool:
    """Whether it holds moving pictures. A cover image is one too for FFmpeg, but lives in formats of sound alone."""
    return container.format.name not in _PLAIN_TYPES and len(container.streams.video) > 0


def stated_seconds(container: InputContainer, data: bytes) -> float | None:
    """How long the file says it is; null where it says nothing, as a file written while recording."""
    name = container.format.name
    stated = container.duration
    if stated is None or name in ("wav", "aac", "ogg", "amr"):
        return None
    if name == "mp3" and not _mp3_states_length(data):
        return None
    if name.startswith("matroska") and not _matroska_states_length(data):
        return None
    return stated / 1_000_000


def cut_off(container: InputContainer, data: bytes) -> bool:
    """Whether the last page of an Ogg, which states its own size, is not all there."""
    return container.format.name == "ogg" and _ogg_cut_off(data)


def _ogg_cut_off(data: bytes) -> bool:
    page = data.rfind(b"OggS")
    lacing = page + _OGG_HEADER_BYTES
    if len(data) < lacing:
        return True
    segments = data[lacing - 1]
    sizes = data[lacing : lacing + segments]
    return len(sizes) < segments or lacing + segments + sum(sizes) > len(data)


def _mp3_states_length(data: bytes) -> bool:
    head = data[:_HEAD_BYTES]
    return any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))


def _matroska_states_length(data: bytes) -> bool:
    head = data[:_HEAD_BYTES]
    return any(b"\x44\x89" + size in head for size in (b"\x84", b"\x88"))
