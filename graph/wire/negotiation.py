"""Content negotiation: the response's media type from the Accept header, the request's Content-Type, the HTTP status.

Specifications: GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/); RFC 9110, section 12.5.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from strawberry.http.parse_content_type import parse_content_type

from graph.wire.error_body import http_status

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
#: Only with the parameter subscriptionSpec: without it the client means @defer, which is not supported.
MULTIPART = "multipart/mixed"

FORM = "multipart/form-data"
HTML = "text/html"

#: In order of the server's preference, for equal q-values and wildcards.
_OFFERED = (JSON, GRAPHQL_RESPONSE, EVENT_STREAM, MULTIPART)

#: Longer headers are not cached, so that the cache stays small.
_KEPT_BYTES = 500


class _Wish(NamedTuple):
    """A client's preference for a media type; the greatest wins."""

    quality: float
    #: Position in the header; the first of equal q-values wins: clients list streams last as a fallback.
    place: int


def chosen_media_type(accept: str | None) -> str | None:
    """The response's media type: JSON, GRAPHQL_RESPONSE, EVENT_STREAM or MULTIPART; None if none is acceptable (406).

    ``accept``: the Accept header; None, empty and wildcards give JSON.
    """
    if not accept:
        return JSON
    return _kept(accept) if len(accept) <= _KEPT_BYTES else _choose(accept)


def is_event_stream(accept: str | None) -> bool:
    """Whether the response is sent as server-sent events."""
    return chosen_media_type(accept) == EVENT_STREAM


def wants_page(accept: str) -> bool:
    """Whether a browser requests a page: the header names HTML, and prefers it to the API's media types."""
    return HTML in accept.lower() and (_kept_page(accept) if len(accept) <= _KEPT_BYTES else _is_page(accept))


def body_media_type(given: str) -> str | None:
    """The media type of a request body from its Content-Type: JSON or FORM; None for others or other charsets (415)."""
    if given == JSON:
        return JSON
    return _kept_body(given) if len(given) <= _KEPT_BYTES else _body(given)


def _body(given: str) -> str | None:
    media, params = parse_content_type(given)
    if params.get("charset", "utf-8").strip("'\"").lower() not in ("utf-8", "utf8"):
        return None
    return media.lower() if media.lower() in (JSON, FORM) else None


def _is_page(accept: str) -> bool:
    named = _named(accept)
    html = named.get(HTML)
    if html is None or html.quality == 0:
        return False
    return all(named[each] < html for each in _OFFERED if each in named)


def _choose(accept: str) -> str | None:
    named = _named(accept)
    anything = named.get("application/*") or named.get("*/*")
    if anything is not None:
        named.setdefault(JSON, anything)
        named.setdefault(GRAPHQL_RESPONSE, anything)
    wanted = [each for each in _OFFERED if each in named and named[each].quality > 0]
    return max(wanted, key=lambda each: named[each], default=None)


def _named(accept: str) -> dict[str, _Wish]:
    """The preference for each media type that the header names."""
    named: dict[str, _Wish] = {}
    for place, each in enumerate(accept.split(",")):
        media, *rest = (part.strip().lower() for part in each.split(";"))
        given = {name.strip(): value.strip(' "') for name, _, value in (part.partition("=") for part in rest)}
        if given.get("charset", "utf-8") in ("utf-8", "utf8") and (media != MULTIPART or "subscriptionspec" in given):
            named.setdefault(media, _Wish(_quality(given.get("q", "1")), -place))
    return named


_kept = lru_cache(maxsize=256)(_choose)
_kept_page = lru_cache(maxsize=256)(_is_page)
_kept_body = lru_cache(maxsize=256)(_body)


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0), 1)
    except ValueError:
        return 0


def content_type(media_type: str) -> str:
    """The Content-Type header of a response in JSON or GRAPHQL_RESPONSE."""
    return f"{media_type}; charset=utf-8"


def status_of(media_type: str, answer: Mapping[str, object]) -> int:
    """The HTTP status of a GraphQL response.

    JSON always gets 200, which legacy clients expect. In GRAPHQL_RESPONSE a response without ``data`` (a request error)
    gets 4xx or 5xx by the code of its first error, by default 400.
    """
    if media_type != GRAPHQL_RESPONSE or "data" in answer:
        return 200
    errors = answer["errors"]
    assert isinstance(errors, list)
    extensions = errors[0].get("extensions") or {}
    return http_status(extensions.get("code"))
