"""What a reply tells a live call: whether all is said, and how many digits may answer it."""

from __future__ import annotations

from collections.abc import Sequence

from phonenumbers import PhoneMetadata

from db.json_value import Json
from inference.engines.scripted.replies import Part

_GOODBYE = "goodbye"
#: Questions whose answer is a phone number and nothing else. An account number has no known length.
_PHONE_QUESTIONS = frozenset({"failed_field.phone", "failed_field.new_phone"})
#: The digit that people of some countries say before the national number.
_TRUNK = "0"


def live_cues(parts: Sequence[Part], region: str) -> dict[str, Json]:
    """``ends_call`` and ``expects_digits``, see ``inference.ports.ReplyListener.reply_details``.

    ``region``: ISO 3166-1 code of the country whose phone numbers are expected.
    """
    keys = [part.key for part in parts]
    asks_phone = bool(keys) and keys[-1] in _PHONE_QUESTIONS
    return {"ends_call": _GOODBYE in keys, "expects_digits": _phone_lengths(region) if asks_phone else []}


def _phone_lengths(region: str) -> list[int]:
    """The digits of a mobile number; empty where their number varies, and a short number would be cut off."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.mobile is None or len(metadata.mobile.possible_length) != 1:
        return []
    (length,) = metadata.mobile.possible_length
    return [length, length + 1] if metadata.national_prefix == _TRUNK else [length]
