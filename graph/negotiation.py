"""Which form an answer takes, and its HTTP status: pure functions of what was asked and of what is answered.

Specifications: GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/); RFC 9110, section 12.5.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
#: With the parameter subscriptionSpec only: without it the client means @defer, which there is not.
MULTIPART = "multipart/mixed"

#: The first of those that are wished for alike, which is what a wildcard does.
_OFFERED = (JSON, GRAPHQL_RESPONSE, EVENT_STREAM, MULTIPART)

#: A header longer than this is read each time: what is kept must stay small, whatever is sent.
_KEPT_BYTES = 500

_STATUS = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "PAYLOAD_TOO_LARGE": 413,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "OVERLOADED": 503,
    "DATABASE_UNAVAILABLE": 503,
}


class _Wish(NamedTuple):
    """What a client thinks of a media type; the greatest wins."""

    quality: float
    #: Of equal wishes the one named first: clients that list a stream last do not want it for what is no stream.
    place: int


def chosen_media_type(accept: str | None) -> str | None:
    """The media type to answer in: JSON, GRAPHQL_RESPONSE, EVENT_STREAM or MULTIPART; null if none is accepted (406).

    ``accept``: the Accept header; null or empty is plain JSON, and so is what only a wildcard allows.
    """
    if not accept:
        return JSON
    return _kept(accept) if len(accept) <= _KEPT_BYTES else _choose(accept)


def _choose(accept: str) -> str | None:
    named: dict[str, _Wish] = {}
    for place, each in enumerate(accept.split(",")):
        media, *rest = (part.strip().lower() for part in each.split(";"))
        given = {name.strip(): value.strip(' "') for name, _, value in (part.partition("=") for part in rest)}
        if given.get("charset", "utf-8") in ("utf-8", "utf8") and (media != MULTIPART or "subscriptionspec" in given):
            named.setdefault(media, _Wish(_quality(given.get("q", "1")), -place))
    anything = named.get("application/*") or named.get("*/*")
    if anything is not None:
        named.setdefault(JSON, anything)
        named.setdefault(GRAPHQL_RESPONSE, anything)
    wanted = [each for each in _OFFERED if each in named and named[each].quality > 0]
    return max(wanted, key=lambda each: named[each], default=None)


_kept = lru_cache(maxsize=256)(_choose)


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0), 1)
    except ValueError:
        return 0


def content_type(media_type: str) -> str:
    """The Content-Type header of an answer in JSON or GRAPHQL_RESPONSE."""
    return f"{media_type}; charset=utf-8"


def status_of(media_type: str, answer: Mapping[str, Any]) -> int:
    """The HTTP status of a GraphQL answer.

    Plain JSON is always 200, as clients of old expect. In GRAPHQL_RESPONSE an answer without ``data``, which is one
    that was never executed, is 4xx or 5xx after the code of its first error, by default 400.
    """
    if media_type != GRAPHQL_RESPONSE or "data" in answer:
        return 200
    extensions = answer["errors"][0].get("extensions") or {}
    return _STATUS.get(str(extensions.get("code")), 400)
