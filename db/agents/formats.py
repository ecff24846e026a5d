"""Checks of the formats of record fields: ``db.agents.definition.FieldFormat``.

Errors name the rule and never the value: they are stored with the tool call and logged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from db.agents.contact import email_address, phone_number
from db.agents.patterns import matches

_WORD = r"[\p{L}\p{M}.]"
_MONEY = (
    rf"^(\p{{Sc}}\s?|{_WORD}{{1,4}}\s?|{_WORD}{{1,12}}\s)?[+-]?\d[\d.,'’\s]{{0,20}}"
    rf"(\s?\p{{Sc}}|\s?{_WORD}{{1,4}}|\s{_WORD}{{1,12}})?$"
)
_NUMBER = r"^[+-]?\d{1,30}([.,]\d{1,10})?$"
_TIME = r"^([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMERIC_DATE = r"^[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{2}|[0-9]{4})$"
_ACCOUNT_ID = r"^[A-Za-z0-9][A-Za-z0-9\-]{1,31}$"


def _money(value: str) -> None:
    if not matches(_MONEY, value):
        raise ValueError("an amount of money is like 49.90 EUR")


def _number(value: str) -> None:
    if not matches(_NUMBER, value):
        raise ValueError("a number is like 12 or 12.5")


def _date(value: str) -> None:
    if _ISO_DATE.fullmatch(value):
        try:
            date.fromisoformat(value)
        except ValueError:
            raise ValueError("this day does not exist") from None
    elif not matches(_NUMERIC_DATE, value):  # 3/4/2026 says two days: it stays as it was said
        raise ValueError("a date is like 2026-12-31")


def _time(value: str) -> None:
    if not matches(_TIME, value):
        raise ValueError("a time is like 19:30")


def _account_id(value: str) -> None:
    if not matches(_ACCOUNT_ID, value):
        raise ValueError("an account id has 2 to 32 letters, digits and hyphens")


def _person_name(value: str) -> None:
    if not any(map(str.isalpha, value)):
        raise ValueError("a name must have letters")


def _postal_address(value: str) -> None:
    if not any(map(str.isalnum, value)):
        raise ValueError("an address must have letters or digits")


def _condition(value: str) -> None:
    if not any(map(str.isalnum, value)):
        raise ValueError("a condition must have letters or digits")


#: By format, a function that raises ValueError for a value that is none.
FORMAT_CHECKS: Mapping[str, Callable[[str], object]] = {
    "phone": phone_number,
    "email": email_address,
    "money": _money,
    "date": _date,
    "time": _time,
    "account_id": _account_id,
    "person_name": _person_name,
    "postal_address": _postal_address,
    "number": _number,
    "condition": _condition,
}

#: Most characters of a value by format, for fields whose schema has no ``maxLength``.
MAX_LENGTHS: Mapping[str | None, int] = {"phone": 40, "email": 254, "person_name": 200, "account_id": 32}
