"""The error response body, and the HTTP status of each error code."""

from __future__ import annotations

import json

import pytest

from db import errors
from db.errors import BadUserInput, RateLimited, VoxLoomError
from graph.wire.error_body import error_body, error_entry, failed_result, http_status
from graph.wire.negotiation import GRAPHQL_RESPONSE, status_of


def _all_codes() -> set[str]:
    return {each.code for each in vars(errors).values() if isinstance(each, type) and issubclass(each, VoxLoomError)}


def test_an_error_is_written_with_its_code_and_what_goes_with_it() -> None:
    late = RateLimited("Too often.", 2.5)
    entry = {"message": "Too often.", "extensions": {"code": "RATE_LIMITED", "retryAfterSeconds": 2.5}}
    assert error_entry(late) == entry
    assert json.loads(error_body(late)) == {"errors": [entry]}
    assert json.loads(failed_result(late)) == {"data": None, "errors": [entry]}


def test_what_a_client_wrote_and_orjson_refuses_is_written_too() -> None:
    message = "No field \ud800 of type Query."
    assert json.loads(error_body(BadUserInput(message)))["errors"][0]["message"] == message


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("UNAUTHENTICATED", 401),
        ("FORBIDDEN", 403),
        ("NOT_FOUND", 404),
        ("PAYLOAD_TOO_LARGE", 413),
        ("RATE_LIMITED", 429),
        ("INTERNAL", 500),
        ("OVERLOADED", 503),
        ("DATABASE_UNAVAILABLE", 503),
        ("AUDIO_STORE_UNAVAILABLE", 503),
        ("OPERATION_TIMEOUT", 503),
        ("BAD_USER_INPUT", 400),
        ("PERSISTED_QUERY_NOT_FOUND", 400),
        ("constructor", 400),
        (None, 400),
    ],
)
def test_a_code_has_one_status(code: str | None, status: int) -> None:
    assert http_status(code) == status
    answer = {"errors": [{"message": "no", "extensions": {"code": code}}]}
    assert status_of(GRAPHQL_RESPONSE, answer) == status


def test_an_error_that_passes_is_never_the_clients_fault() -> None:
    passing = {each.code for each in errors._Retryable.__subclasses__()}
    assert passing <= _all_codes()
    assert {http_status(code) for code in passing} == {429, 503}
