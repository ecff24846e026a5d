"""The period of an overview: two times, and the calendar days between them in a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from db.errors import BadUserInput

#: Longest period.
MAX_DAYS = 92

#: For days of 25 hours, and for a client that reckons from its own clock to now.
_SLACK = timedelta(hours=2)

#: Period without ``since``.
_DEFAULT = timedelta(days=7)

#: Years that a period may be in: any offset can be added to their times.
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

#: Names of the IANA time zone database, not paths of it.
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,31}){0,2}")


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day that has a part in the period. ``begins``: local midnight."""

    date: date
    begins: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """``since`` inclusive, ``until`` exclusive, both in UTC. ``days``: oldest first, 1 to 93."""

    since: datetime
    until: datetime
    time_zone: str
    days: tuple[Day, ...]

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None, time_zone: str, now: datetime) -> Period:
        """By default the seven days until ``now``. Raises BadUserInput."""
        zone = _zone(time_zone)
        end = now if until is None else _moment(until, "until")
        begin = end - _DEFAULT if since is None else _moment(since, "since")
        if not begin < end <= begin + timedelta(days=MAX_DAYS) + _SLACK:
            raise BadUserInput(f"since must be before until, by at most {MAX_DAYS} days.")
        return cls(begin, end, time_zone, tuple(_days(begin, end, zone)))


def _days(since: datetime, until: datetime, zone: ZoneInfo) -> list[Day]:
    first = since.astimezone(zone).date()
    last = (until - timedelta(microseconds=1)).astimezone(zone).date()
    dates = [first + timedelta(days=number) for number in range((last - first).days + 2)]
    midnights = [datetime.combine(each, time(), zone).astimezone(UTC) for each in dates]
    # A day of no length was left out where a country crossed the date line.
    return [Day(day, begin) for day, begin, end in zip(dates, midnights, midnights[1:], strict=False) if begin < end]


def _moment(given: datetime, name: str) -> datetime:
    if given.tzinfo is None:
        raise BadUserInput(f"{name} needs a time zone, as in 2026-01-31T12:00:00Z.")
    if not _FIRST <= given < _LAST:
        raise BadUserInput(f"{name} is out of range: {_FIRST.year} to {_LAST.year}.")
    return given.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        if _ZONE.fullmatch(name) is None:
            raise ValueError
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder is an OSError
        raise BadUserInput("timeZone is not the name of a time zone (IANA), such as Europe/Berlin.") from None
