"""Limit on the bytes of one response: lists without paging are sent whole, once for each alias."""

from __future__ import annotations

from db.errors import QueryTooComplex
from graph.wire.error_body import error_entry


def too_large(max_bytes: int) -> QueryTooComplex:
    """The error in place of a response of more than ``max_bytes`` bytes. What a mutation did stays done."""
    return QueryTooComplex(
        f"The response has more than {max_bytes} bytes (VOXLOOM_MAX_RESPONSE_BYTES): select fewer lists or fields, or "
        "shorter lists (first, last). A mutation has been carried out."
    )


def instead_of(data: object, max_bytes: int) -> dict[str, object]:
    """The error response to send instead of ``data``, a GraphQL response or a websocket message with one as payload."""
    answer: dict[str, object] = {"errors": [error_entry(too_large(max_bytes))]}
    return {**data, "payload": answer} if isinstance(data, dict) and "payload" in data else answer
