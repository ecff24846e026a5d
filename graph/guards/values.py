"""JSON that clients send, counted before it is parsed and before anything walks through it."""

from __future__ import annotations

import re
from typing import Any

from graph.guards.limits import DocumentLimits

#: Strings, brackets and commas of JSON (RFC 8259); nothing is ever given back, so that the time is linear.
_PIECE = re.compile(rb'"(?:[^"\\]++|\\.)*+"?+|[\[\]{},]|[^"\[\]{},]++', re.DOTALL)

#: What a request may hold beside its variables, such as ``query`` and ``extensions``.
_AROUND = 3

#: Name, colon, value, comma: more than this for each value is no JSON.
_PIECES_A_VALUE = 4


def json_fault(body: bytes, limits: DocumentLimits) -> str | None:
    """What is wrong with a request's body: too deep, or too many values; null if nothing is.

    A body that is mostly one long text, such as a recording in base64, costs about as much as it takes to copy it.
    """
    most = limits.max_value_depth + _AROUND
    values = limits.max_values + _AROUND
    opening = body.count(b"[") + body.count(b"{")
    if opening <= most and opening + body.count(b",") <= values:
        return None
    depth = seen = 0
    for number, match in enumerate(_PIECE.finditer(body)):
        piece = match[0]
        if piece in (b"[", b"{"):
            depth += 1
            seen += 1
            if depth > most:
                return f"What is sent as JSON is nested more than {most} deep."
        elif piece in (b"]", b"}"):
            depth -= 1
        elif piece == b",":
            seen += 1
        if seen > values or number > _PIECES_A_VALUE * (values + most):
            return f"What is sent as JSON has more than {values} values."
    return None


def variables_fault(variables: Any, limits: DocumentLimits) -> str | None:
    """What is wrong with the variables of an operation: too deep, or too many values; null if nothing is."""
    seen = 0
    level = [variables]
    for _ in range(limits.max_value_depth + 1):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
            else:
                continue
            if seen + len(inner) > limits.max_values:
                return f"The variables have more than {limits.max_values} values."
        if not inner:
            return None
        seen += len(inner)
        level = inner
    if any(isinstance(value, dict | list) for value in level):
        return f"The variables are nested more than {limits.max_value_depth} deep."
    return None
