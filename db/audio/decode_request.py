"""Messages between a process and its decoder process: a JSON head, and bytes behind it.

No pickles: a decoder process that an attacker has taken over must not be able to run code in the one that asked it.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from db.audio.recorded import CustomerChannel

#: Head and payload: two lengths in bytes.
FRAME = struct.Struct("!IQ")

#: Longest head. A media type that was declared is part of it.
MAX_HEAD = 100_000

#: What a decoder process writes once it is ready.
READY = b"ready\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeRequest:
    """What is wanted of a recording. ``samples``: whether its samples are, or the facts about it alone."""

    max_seconds: float
    samples: bool
    customer_channel: CustomerChannel = "auto"
    declared_mime_type: str | None = None

    def head(self) -> dict[str, Any]:
        return asdict(self)


def framed(head: dict[str, Any], size: int) -> bytes:
    """A message's beginning; ``size`` bytes follow. Raises ValueError for a head that is too long."""
    text = json.dumps(head).encode()
    if len(text) > MAX_HEAD:
        raise ValueError("the head is too long")
    return FRAME.pack(len(text), size) + text


def read_message(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message of a blocking stream; None at its end."""
    start = stream.read(FRAME.size)
    if len(start) < FRAME.size:
        return None
    head_size, size = FRAME.unpack(start)
    head, data = stream.read(head_size), stream.read(size)
    if len(head) < head_size or len(data) < size:
        return None
    return json.loads(head), data
