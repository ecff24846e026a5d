"""Content negotiation: media type by Accept header, and HTTP status."""

from __future__ import annotations

from typing import Any

import pytest

from graph.wire.negotiation import EVENT_STREAM, GRAPHQL_RESPONSE, JSON, MULTIPART, chosen_media_type, status_of

ACCEPTS: list[tuple[str | None, str | None]] = [
    (None, JSON),
    ("", JSON),
    ("*/*", JSON),
    ("application/*", JSON),
    ("text/html, */*;q=0.8", JSON),
    ("application/json", JSON),
    ("Application/JSON; charset=UTF-8", JSON),
    ("application/json;charset=utf-16", None),
    (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
    (f"{GRAPHQL_RESPONSE}; charset=utf-8, application/json;q=0.9", GRAPHQL_RESPONSE),
    (f"{GRAPHQL_RESPONSE};q=0.5, application/json;q=0.9", JSON),
    (f"{GRAPHQL_RESPONSE},application/json", GRAPHQL_RESPONSE),
    (f"application/json,{GRAPHQL_RESPONSE}", JSON),
    (f"{GRAPHQL_RESPONSE};q=0, application/json;q=0.1", JSON),
    ("application/json;q=0, */*", GRAPHQL_RESPONSE),
    ("application/json;q=0", None),
    ("application/json;q=rubbish", None),
    ("application/json;q=nan", None),
    ("text/html", None),
    (";;;,,,=", None),
    ("text/event-stream", EVENT_STREAM),
    ("text/*", None),
    ("multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json", MULTIPART),
    ('multipart/mixed;boundary="graphql";subscriptionSpec="1.0"', MULTIPART),
    ("multipart/mixed", None),
    # Apollo Client's for @defer, urql's for what is and what is no subscription
    (f"multipart/mixed;deferSpec=20220824,{GRAPHQL_RESPONSE},application/json;q=0.9", GRAPHQL_RESPONSE),
    (f"{GRAPHQL_RESPONSE}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL_RESPONSE),
    ("text/event-stream, multipart/mixed", EVENT_STREAM),
]


@pytest.mark.parametrize(("accept", "media_type"), ACCEPTS)
def test_the_media_type_that_is_wished_for_most(accept: str | None, media_type: str | None) -> None:
    assert chosen_media_type(accept) == media_type
    if accept:  # a header too long to be kept is understood alike
        assert chosen_media_type(accept + ", text/html" * 1_000) == media_type


def _failed(code: str | None) -> dict[str, Any]:
    return {"errors": [{"message": "no", **({"extensions": {"code": code}} if code else {})}]}


@pytest.mark.parametrize(
    ("code", "status"),
    [("BAD_USER_INPUT", 400), (None, 400), ("RATE_LIMITED", 429), ("INTERNAL", 500), ("DATABASE_UNAVAILABLE", 503)],
)
def test_the_status_tells_what_was_never_executed(code: str | None, status: int) -> None:
    assert status_of(GRAPHQL_RESPONSE, _failed(code)) == status
    assert status_of(GRAPHQL_RESPONSE, {**_failed(code), "data": None}) == 200
    assert status_of(JSON, _failed(code)) == 200
