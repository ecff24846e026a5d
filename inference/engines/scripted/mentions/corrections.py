"""Merges a partial correction ("no, it's 14") into the value that it corrects."""

from __future__ import annotations

import re

from inference.engines.scripted.values import Mention

_NUMBER = re.compile(r"\d+[a-zA-Z]?(?![\w])")


def merge_correction(old: str, new: Mention, form: str) -> str | None:
    """The value ``old`` of the format ``form`` with ``new`` put in; None if they do not fit together.

    A number replaces the house number of a postal address, or the last digits of a phone number or an account number.
    Another mention of the same format replaces the whole.
    """
    if new.format == form:
        return new.value
    if new.format != "number":
        return None
    if form == "postal_address":
        numbers = list(_NUMBER.finditer(old))
        house = next((each for each in numbers if len(each.group()) <= 4), None)
        return old[: house.start()] + new.value + old[house.end() :] if house else None
    if form in {"phone", "account_id"}:
        return _replace_last_digits(old, new.value)
    return new.value if form in {"number", "money"} else None


def _replace_last_digits(old: str, digits: str) -> str | None:
    places = [at for at, ch in enumerate(old) if ch.isdigit()]
    if not digits.isdigit() or len(digits) < 2:
        return None
    if len(digits) > len(places):
        whole = bool(places) and places[-1] - places[0] == len(places) - 1
        return old[: places[0]] + digits + old[places[-1] + 1 :] if whole else digits
    changed = list(old)
    for at, digit in zip(places[-len(digits) :], digits, strict=True):
        changed[at] = digit
    return "".join(changed)
