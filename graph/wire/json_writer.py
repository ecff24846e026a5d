"""The JSON serializer of response bodies, events and websocket messages."""

from __future__ import annotations

import json

import orjson


def write_json(data: object) -> bytes:
    """The value as compact JSON in UTF-8 (RFC 8259); types that JSON does not have become their ``str``."""
    try:
        return orjson.dumps(data, default=_as_text)
    except TypeError:
        # orjson refuses integers above 64 bits (clients' JSON may have them) and lone surrogates (error messages may
        # quote them).
        return json.dumps(data, default=_as_text, separators=(",", ":")).encode()


def _as_text(value: object) -> str:
    return str(value)
