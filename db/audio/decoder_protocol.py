"""Messages between a decoder process and its parent over pipes: two lengths, a JSON header, a binary payload.

JSON rather than pickle: a decoder process that is compromised must not be able to run code in its parent.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from typing import BinaryIO

from db.audio.recording import CustomerChannel
from db.json_value import Json

#: The lengths of header and payload, in bytes.
FRAME = struct.Struct("!IQ")

#: Most bytes of a header, which includes the media type that a client declared.
MAX_HEADER = 100_000

#: The line that a decoder process writes once it is ready.
READY = b"ready\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeRequest:
    """A request to decode the payload. ``samples``: whether to return samples, or metadata only."""

    max_seconds: float
    samples: bool
    customer_channel: CustomerChannel = "auto"
    declared_mime_type: str | None = None

    def header(self) -> dict[str, Json]:
        return asdict(self)


def frame(header: dict[str, Json], size: int) -> bytes:
    """Lengths and header of a message with a payload of ``size`` bytes. Raises ValueError for a header too long."""
    text = json.dumps(header).encode()
    if len(text) > MAX_HEADER:
        raise ValueError("the header is too long")
    return FRAME.pack(len(text), size) + text


def read_message(stream: BinaryIO) -> tuple[dict[str, Json], bytes] | None:
    """Header and payload of the next message of a blocking stream; None at its end."""
    start = stream.read(FRAME.size)
    if len(start) < FRAME.size:
        return None
    header_size, size = FRAME.unpack(start)
    header, data = stream.read(header_size), stream.read(size)
    if len(header) < header_size or len(data) < size:
        return None
    return json.loads(header), data
