"""What a reply tells a live call: whether all is said, and how many digits may answer it."""

from __future__ import annotations

from collections.abc import Sequence

from phonenumbers import PhoneMetadata

from db.json_value import Json
from inference.engines.scripted.wording.wording import Part, field_definition

_GOODBYE = "goodbye"
#: Parts that ask for one field, named by ``Part.asked``.
_FIELD_QUESTIONS = frozenset({"ask", "ask_field_again", "failed_field"})
#: The digit that people of some countries say before the national number.
_TRUNK = "0"


def live_cues(parts: Sequence[Part], region: str) -> dict[str, Json]:
    """``ends_call`` and ``expects_digits``, see ``inference.ports.ReplyListener.reply_details``.

    ``region``: ISO 3166-1 code of the country whose phone numbers are expected.
    """
    return {
        "ends_call": any(part.key == _GOODBYE for part in parts),
        "expects_digits": _phone_lengths(region) if parts and _asks_phone(parts[-1]) else [],
    }


def _asks_phone(part: Part) -> bool:
    """Whether the answer is a phone number and nothing else. An account number has no known length."""
    if part.key not in _FIELD_QUESTIONS:
        return False
    definition = field_definition(part.scenario, part.asked)
    return definition.format == "phone" if definition else part.asked == "phone"


def _phone_lengths(region: str) -> list[int]:
    """The digits of a mobile number; empty where their number varies, and a short number would be cut off."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.mobile is None or len(metadata.mobile.possible_length) != 1:
        return []
    (length,) = metadata.mobile.possible_length
    return [length, length + 1] if metadata.national_prefix == _TRUNK else [length]
