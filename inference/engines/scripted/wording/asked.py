"""What a question of the assistant asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: Standard fields that identify the customer, shared by all requests of a session.
IDENTITY = ("name", "phone", "account_id")
#: Their formats, as those of a scenario's own fields.
IDENTITY_FORMATS = {"name": "person_name", "phone": "phone", "account_id": "account_id"}


class Asks(StrEnum):
    """What a question of the assistant asks for."""

    IDENTITY = "identity"
    FIELD = "field"
    ONE_OF = "one_of"
    CONFIRM = "confirm"
    HANDOVER = "handover"
    REPHRASE = "rephrase"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Question:
    """A question in a reply. ``field``: of Asks.FIELD."""

    asks: Asks
    field: str | None = None
