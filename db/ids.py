"""Ids: UUID version 7 (RFC 9562), made by the client so that any Postgres will do. They sort by time."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7

from db.errors import NotFound


def new_id() -> UUID:
    """A new id, later than all before it in this process."""
    return uuid7()


def parse_id(text: str, what: str) -> UUID:
    """The id in ``text``. What is no id names nothing, so it answers as an unknown one: NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(f"No such {what}.") from None
