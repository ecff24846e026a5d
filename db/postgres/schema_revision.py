"""Which revision of the database's schema this code was written for, told without Alembic, which an API never runs."""

from __future__ import annotations

from pathlib import Path

_VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"


def newest_revision() -> str:
    """The number of the last migration; migrations are one line of numbered files."""
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))
