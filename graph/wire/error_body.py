"""GraphQL error responses on every transport: the error object, the response body, and the HTTP status.

Specification: GraphQL, section 7.1 ("Response Format"); GraphQL over HTTP for the status.
"""

from __future__ import annotations

from graphql import GraphQLFormattedError

from db.errors import VoxLoomError
from graph.wire.json_writer import write_json

#: HTTP status by error code; 400 for all others, which are client errors.
_HTTP_STATUS = {
    "UNAUTHENTICATED": 401,
    "API_KEY_EXPIRED": 401,
    "SIGN_IN_FAILED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "AGENT_NOT_FOUND": 404,
    "CONFLICT": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "OVERLOADED": 503,
    "OPERATION_TIMEOUT": 503,
    "DATABASE_UNAVAILABLE": 503,
    "AUDIO_STORE_UNAVAILABLE": 503,
}


def http_status(code: str | None) -> int:
    """The HTTP status of an error code; 400 for None and for codes without a status of their own."""
    return _HTTP_STATUS.get(code or "", 400)


def error_entry(error: VoxLoomError) -> GraphQLFormattedError:
    """The error as an entry of ``errors``: ``{"message", "extensions": {"code", ...}}``."""
    return {"message": error.message, "extensions": error.extensions}


def error_body(error: VoxLoomError) -> bytes:
    """The response body of a request error, before execution: ``errors`` without ``data``."""
    return write_json({"errors": [error_entry(error)]})


def failed_result(error: VoxLoomError) -> str:
    """The JSON of a subscription's result that failed: ``errors``, and ``data`` null."""
    return write_json({"data": None, "errors": [error_entry(error)]}).decode()
