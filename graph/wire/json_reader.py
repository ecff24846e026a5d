"""The JSON parser of everything that clients send: bodies, query strings, forms and websocket messages.

Specification: RFC 8259. Where it leaves a choice: integers of any size stay exact; duplicate names in an object
(section 4), NaN, Infinity and numbers beyond the range of a double are refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import partial

from db.errors import BadUserInput

#: Maximum nesting of arrays and objects.
MAX_DEPTH = 200

#: A string or a bracket. The closing quote is optional, so that unterminated strings are scanned in linear time.
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


class NotJson(BadUserInput):
    """Text that is not JSON, or that parsers interpret differently."""


def read_json(text: bytes | str, placeholders: Mapping[str, str] | None = None) -> object:
    """Parses JSON. ``text``: str, or bytes in UTF-8. Raises NotJson.

    ``placeholders``: strings by what stands for them in the text (``graph.wire.large_json``).
    """
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            raise NotJson("The JSON is not valid UTF-8.") from None
    _check_depth(text)
    try:
        if not placeholders:
            return _DECODER.decode(text)
        return _filled(_decoder(partial(_filled_members, placeholders)).decode(text), placeholders)
    except NotJson:
        raise
    except (ValueError, RecursionError):  # ValueError also for integers of thousands of digits
        raise NotJson("The request is not valid JSON.") from None


def _check_depth(text: str) -> None:
    if _count(text, "[") + _count(text, "{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _BRACKETS.finditer(text):
        piece = match[0]
        if piece in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotJson(f"The JSON has more than {MAX_DEPTH} levels of nesting.")
        elif piece in "]}":
            depth -= 1


def _count(text: str, sign: str) -> int:
    """Occurrences of a character, counted up to ``MAX_DEPTH + 1``: ``find`` is ten times as fast as ``count``."""
    found, at = 0, text.find(sign)
    while at >= 0 and found <= MAX_DEPTH:
        found += 1
        at = text.find(sign, at + 1)
    return found


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotJson("An object in the JSON has a duplicate name.")
    return members


def _filled_members(placeholders: Mapping[str, str], pairs: list[tuple[str, object]]) -> dict[str, object]:
    return _members([(placeholders.get(name, name), _filled(value, placeholders)) for name, value in pairs])


def _filled(value: object, placeholders: Mapping[str, str]) -> object:
    """The value with the strings that were left out; in place for lists, without the objects in them."""
    if isinstance(value, str):
        return placeholders.get(value, value)
    lists = [value] if isinstance(value, list) else []
    while lists:
        each = lists.pop()
        for index, item in enumerate(each):
            if isinstance(item, str):
                each[index] = placeholders.get(item, item)
            elif isinstance(item, list):
                lists.append(item)
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise NotJson("The JSON has a number that is too large.")
    return value


def _constant(name: str) -> None:
    raise NotJson(f"JSON does not allow {name}.")


def _decoder(members: Callable[[list[tuple[str, object]]], object]) -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=members, parse_float=_float, parse_constant=_constant)


_DECODER = _decoder(_members)
