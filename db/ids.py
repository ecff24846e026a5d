"""Ids: UUID version 7 (RFC 9562), which sort by time; generated here, as older Postgres versions cannot."""

from __future__ import annotations

import re
from uuid import UUID

from uuid_utils.compat import uuid7

from db.errors import NotFound

#: The canonical form. ``UUID()`` also accepts braces, URNs, underscores and digits of other scripts.
_CANONICAL = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def new_id() -> UUID:
    """A new id, greater than all earlier ones of this process."""
    return uuid7()


def parse_id(text: str, what: str) -> UUID:
    """Parses an id. Raises NotFound for malformed text, as for an unknown id; ``what``: the kind, for the message."""
    if _CANONICAL.fullmatch(text) is None:
        raise NotFound(f"No such {what}.")
    return UUID(text)
