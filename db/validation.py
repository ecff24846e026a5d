"""What comes from outside, before it reaches a table: refused if a client sent it so, mended if a model did."""

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

#: What Postgres cannot store: NUL, and halves of characters.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(value: str, what: str, *, max_length: int, empty: bool = False) -> str:
    """The text as it is, if Postgres and a person can take it. Raises BadUserInput naming ``what`` if not."""
    if len(value) > max_length:
        raise BadUserInput(f"{what} is longer than {max_length} characters.")
    if not empty and not any(character.isprintable() and not character.isspace() for character in value):
        raise BadUserInput(f"{what} is empty.")
    _check_characters(value, what)
    return value


def clean_json(value: object, what: str) -> dict[str, object]:
    """The JSON object as it is, if it is one and small, also as ``jsonb`` writes it. Raises BadUserInput naming
    ``what`` if not.
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
    if len(encoded) + _written_out(value) > _JSON_CHARACTERS:
        message = f"{what} is longer than {_JSON_CHARACTERS} characters when its numbers are written without exponents."
        raise BadUserInput(message)
    return value


def storable_text(value: str) -> str:
    """The text with a replacement character (U+FFFD) for each that Postgres cannot store."""
    return _UNSTORABLE.sub("\ufffd", value)


def storable(value: object) -> Json:
    """JSON as Postgres can store it: its texts made storable, and null for a number that JSON does not have.

    Where ``jsonb`` would write the numbers out at great length, those with an exponent become strings, as "1e+308".
    """
    mended = _mended(value)
    return _with_short_numbers(mended) if _written_out(mended) > _JSON_CHARACTERS else mended


def _mended(value: object) -> Json:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_mended(key): _mended(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mended(part) for part in value]
    return value


def _with_short_numbers(value: object) -> Json:
    if isinstance(value, dict):
        return {key: _with_short_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_short_numbers(part) for part in value]
    return repr(value) if isinstance(value, float) and "e" in repr(value) else value


def _written_out(value: object) -> int:
    """How many characters ``jsonb`` adds: it writes numbers without exponents, 1e308 with 309 digits."""
    if isinstance(value, dict):
        return sum(map(_written_out, value.values()))
    if isinstance(value, list):
        return sum(map(_written_out, value))
    if not isinstance(value, float) or "e" not in (written := repr(value)):
        return 0
    return len(format(Decimal(written), "f")) - len(written)


def same_json(one: object, other: object) -> bool:
    """Whether two JSON values are equal, numbers by their decimal digits.

    ``jsonb`` keeps 1e23 as the integer 10**23, which Python's float 1e23 is not equal to.
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
        reason = "a NUL character" if found[0] == "\x00" else "half a character (a lone surrogate)"
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
