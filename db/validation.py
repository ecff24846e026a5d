"""Validation and sanitizing of text and JSON for Postgres: clients' input is refused, models' output is corrected."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal

from db.errors import BadUserInput
from db.json_value import Json

_JSON_CHARACTERS = 16_384
_JSON_DEPTH = 12

#: Characters that Postgres cannot store: NUL and surrogates.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def validate_text(value: str, what: str, *, max_length: int, empty: bool = False) -> str:
    """Returns the text unchanged. Raises BadUserInput, naming ``what``, if it is too long, blank or not storable."""
    if len(value) > max_length:
        raise BadUserInput(f"{what} is longer than {max_length} characters.")
    if not empty and not any(character.isprintable() and not character.isspace() for character in value):
        raise BadUserInput(f"{what} is empty.")
    _check_characters(value, what)
    return value


def validate_json(value: object, what: str) -> dict[str, object]:
    """Returns the JSON object unchanged. Raises BadUserInput, naming ``what``, if it is not an object, too deep, not
    storable, or too long, also as ``jsonb`` renders it.
    """
    if not isinstance(value, dict):
        raise BadUserInput(f"{what} must be a JSON object.")
    _check_parts(value, what, _JSON_DEPTH)
    try:
        encoded = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise BadUserInput(f"{what} must be plain JSON.") from None
    if len(encoded) > _JSON_CHARACTERS:
        raise BadUserInput(f"{what} is longer than {_JSON_CHARACTERS} characters.")
    if len(encoded) + _extra_digits(value) > _JSON_CHARACTERS:
        message = f"{what} is longer than {_JSON_CHARACTERS} characters when its numbers are written without exponents."
        raise BadUserInput(message)
    return value


def sanitize_text(value: str) -> str:
    """Replaces each character that Postgres cannot store by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", value)


def sanitize_json(value: object) -> Json:
    """JSON that Postgres can store: texts sanitized, infinities and NaN as null.

    If ``jsonb`` would render the numbers too long, those with an exponent become strings, as "1e+308".
    """
    sanitized = _sanitized(value)
    return _with_short_numbers(sanitized) if _extra_digits(sanitized) > _JSON_CHARACTERS else sanitized


def _sanitized(value: object) -> Json:
    if isinstance(value, str):
        return sanitize_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_sanitized(key): _sanitized(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sanitized(part) for part in value]
    return value


def _with_short_numbers(value: object) -> Json:
    if isinstance(value, dict):
        return {key: _with_short_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_short_numbers(part) for part in value]
    return repr(value) if isinstance(value, float) and "e" in repr(value) else value


def _extra_digits(value: object) -> int:
    """The number of characters that ``jsonb`` adds: it renders numbers without exponents, 1e308 with 309 digits."""
    if isinstance(value, dict):
        return sum(map(_extra_digits, value.values()))
    if isinstance(value, list):
        return sum(map(_extra_digits, value))
    if not isinstance(value, float) or "e" not in (written := repr(value)):
        return 0
    return len(format(Decimal(written), "f")) - len(written)


def same_json(one: object, other: object) -> bool:
    """Whether two JSON values are equal; numbers are compared as decimals.

    ``jsonb`` returns 1e23 as the integer 10**23, to which Python's float 1e23 is not equal.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(part, other[key]) for key, part in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    if _is_number(one) and _is_number(other):
        return Decimal(repr(one)) == Decimal(repr(other))
    return type(one) is type(other) and bool(one == other)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_characters(value: str, what: str) -> None:
    found = _UNSTORABLE.search(value)
    if found is not None:
        reason = "a NUL character" if found[0] == "\x00" else "a lone surrogate (half a character)"
        raise BadUserInput(f"{what} has {reason}.")


def _check_parts(value: object, what: str, left: int) -> None:
    if left == 0:
        raise BadUserInput(f"{what} is nested deeper than {_JSON_DEPTH} levels.")
    if isinstance(value, str):
        _check_characters(value, what)
    elif isinstance(value, dict):
        for key, part in value.items():
            _check_parts(key, what, left)
            _check_parts(part, what, left - 1)
    elif isinstance(value, list):
        for part in value:
            _check_parts(part, what, left - 1)
