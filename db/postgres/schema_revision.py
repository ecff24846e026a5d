"""The schema revision (newest migration) of this code, found without importing Alembic."""

from __future__ import annotations

from pathlib import Path

_VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"


def newest_revision() -> str:
    """The number of the last migration; migrations are numbered files without branches."""
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))
