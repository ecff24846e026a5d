"""The one reader of JSON that clients send: bodies, query strings, forms and websocket messages.

Specification: RFC 8259. What it leaves open is decided here: integers of any size stay exact, a name given twice in
an object is refused (section 4), NaN and Infinity are refused, and so are numbers that no double can hold.
"""

from __future__ import annotations

import json
import math
import re

from db.errors import BadUserInput

#: Nesting of lists and objects in JSON from clients.
MAX_DEPTH = 200

#: A string or a bracket. The closing quote is optional, so that the scan is linear in a string without end too.
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


class NotJson(BadUserInput):
    """Text that is not JSON, or that two readers could understand in two ways."""


def read_json(text: bytes | str) -> object:
    """The value. ``text``: UTF-8 if it is bytes. Raises NotJson."""
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            raise NotJson("The JSON is not in UTF-8.") from None
    _check_depth(text)
    try:
        return _DECODER.decode(text)
    except NotJson:
        raise
    except (ValueError, RecursionError):  # ValueError also for integers of thousands of digits
        raise NotJson("What was sent cannot be read as JSON.") from None


def _check_depth(text: str) -> None:
    if _count(text, "[") + _count(text, "{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _BRACKETS.finditer(text):
        piece = match[0]
        if piece in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotJson(f"The JSON is nested more than {MAX_DEPTH} deep.")
        elif piece in "]}":
            depth -= 1


def _count(text: str, sign: str) -> int:
    """How often a character occurs, counted up to ``MAX_DEPTH + 1``: ``find`` is ten times as fast as ``count``."""
    found, at = 0, text.find(sign)
    while at >= 0 and found <= MAX_DEPTH:
        found += 1
        at = text.find(sign, at + 1)
    return found


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotJson("An object in the JSON has the same name twice.")
    return members


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise NotJson("The JSON has a number that is too large.")
    return value


def _constant(name: str) -> None:
    raise NotJson(f"JSON has no {name}.")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_float=_float, parse_constant=_constant)
