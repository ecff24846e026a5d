"""The one writer of JSON that clients get: response bodies, events and websocket messages."""

from __future__ import annotations

import json

import orjson


def write_json(data: object) -> bytes:
    """The value as compact JSON in UTF-8 (RFC 8259); of a type that JSON has not, its ``str``."""
    try:
        return orjson.dumps(data, default=_as_text)
    except TypeError:
        # Integers of more than 64 bits, which a client's own JSON may hold, and lone surrogates, which an error message
        # may repeat: orjson refuses both.
        return json.dumps(data, default=_as_text, separators=(",", ":")).encode()


def _as_text(value: object) -> str:
    return str(value)
