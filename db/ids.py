"""Ids: UUID version 7 (RFC 9562), made by the client so that any Postgres will do. They sort by time."""

from __future__ import annotations

import re
from uuid import UUID

from uuid_utils.compat import uuid7

from db.errors import NotFound

#: An id as it is told. ``UUID()`` also reads braces, URNs, underscores and the digits of other scripts.
_WRITTEN = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def new_id() -> UUID:
    """A new id, later than all before it in this process."""
    return uuid7()


def parse_id(text: str, what: str) -> UUID:
    """The id in ``text``. What is no id names nothing, so it answers as an unknown one: NotFound."""
    if _WRITTEN.fullmatch(text) is None:
        raise NotFound(f"No such {what}.")
    return UUID(text)
