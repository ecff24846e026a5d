"""Conditional requests: ETag and If-None-Match (RFC 9110, section 13.1.2)."""

from __future__ import annotations

import re

#: An entity tag (section 8.8.3): the opaque part has its quotes, and may hold commas.
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(_TAG)

#: A list of tags; empty elements between commas are allowed (section 5.6.1).
_LIST = re.compile(rf"[ \t,]*+{_TAG}(?:[ \t]*+,[ \t,]*+{_TAG})*+[ \t,]*+")


def none_match(if_none_match: str, etag: str) -> bool:
    """Whether no tag matches, so that the full response is sent; False means 304 Not Modified.

    ``if_none_match``: the header's value, empty if absent. ``etag``: the current entity tag, strong or weak. The
    comparison is weak, as the RFC requires: ``W/"x"`` and ``"x"`` match. An invalid header is ignored.
    """
    given = if_none_match.strip(" \t")
    if given == "*":
        return False
    if not given or _LIST.fullmatch(given) is None:
        return True
    current = etag.removeprefix("W/")
    return all(each.removeprefix("W/") != current for each in _TAGS.findall(given))
