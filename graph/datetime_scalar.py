"""The GraphQL scalar DateTime: ISO 8601 in UTC, in the format of Postgres' JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from strawberry.schema.types.base_scalars import DateTimeDefinition
from strawberry.types.scalar import ScalarDefinition


def written(moment: datetime) -> str:
    """As ``to_json`` of a timestamptz in UTC: no zeros at the end of the fraction."""
    text = moment.astimezone(UTC).isoformat()
    head, dot, tail = text.partition(".")
    return f"{head}.{tail[:6].rstrip('0')}{tail[6:]}" if dot else text


SCALARS: dict[object, ScalarDefinition] = {
    datetime: replace(
        DateTimeDefinition,
        serialize=written,
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        description="A time (RFC 3339): in UTC in responses; with any offset in arguments: 2026-01-31T12:00:00+01:00.",
    )
}
