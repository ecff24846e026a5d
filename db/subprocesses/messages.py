"""Messages between a subprocess and its parent over pipes: two lengths, a JSON header, a binary payload.

JSON rather than pickle: a subprocess that is compromised must not be able to run code in its parent.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import BinaryIO

from db.json_value import Json

#: The lengths of header and payload, in bytes.
FRAME = struct.Struct("!IQ")

#: Most bytes of a header.
MAX_HEADER = 100_000

#: The line that a subprocess writes once it is ready.
READY = b"ready\n"


def frame(header: Mapping[str, Json], size: int) -> bytes:
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
