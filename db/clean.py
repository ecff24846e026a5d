"""What a client sent, checked before it reaches a table."""

from __future__ import annotations

import json
from typing import Any

from db.errors import BadUserInput

_JSON_BYTES = 16_384
_JSON_DEPTH = 12


def clean_text(value: str, what: str, *, max_length: int, empty: bool = False) -> str:
    """The text as it is, if Postgres and a person can take it. Raises BadUserInput naming ``what`` if not."""
    if len(value) > max_length:
        raise BadUserInput(f"{what} is longer than {max_length} characters.")
    if not empty and not value.strip():
        raise BadUserInput(f"{what} is empty.")
    _check_characters(value, what)
    return value


def clean_json(value: Any, what: str) -> dict[str, Any]:
    """The JSON object as it is, if it is one and small. Raises BadUserInput naming ``what`` if not."""
    if not isinstance(value, dict):
        raise BadUserInput(f"{what} must be a JSON object.")
    _check_depth(value, what, _JSON_DEPTH)
    try:
        encoded = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise BadUserInput(f"{what} must be plain JSON.") from None
    if len(encoded) > _JSON_BYTES:
        raise BadUserInput(f"{what} is longer than {_JSON_BYTES} characters.")
    _check_characters(encoded, what)
    if "\\u0000" in encoded:
        raise BadUserInput(f"{what} has a NUL character.")
    return value


def _check_characters(value: str, what: str) -> None:
    if "\x00" in value:
        raise BadUserInput(f"{what} has a NUL character.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadUserInput(f"{what} has half a character (a lone surrogate).") from None


def _check_depth(value: Any, what: str, left: int) -> None:
    if left == 0:
        raise BadUserInput(f"{what} is nested deeper than {_JSON_DEPTH} levels.")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _check_depth(child, what, left - 1)
