"""Check of the database's schema revision (Alembic)."""

from __future__ import annotations

from db.findings import Finding, fault, ok, warning
from db.postgres.address import Address
from db.postgres.check import schema_revision
from db.postgres.schema_revision import newest_revision

_NAME = "migrations"


async def schema_finding(address: Address, *, embedded: bool) -> Finding:
    """The finding. ``embedded``: `voxloom up` migrates the database by itself."""
    found, expected = await schema_revision(address), newest_revision()
    if found == expected:
        return ok(_NAME, f"at {found}, the newest")
    if found is None or found < expected:
        message = "the database has no VoxLoom tables" if found is None else f"at {found}, behind {expected}"
        if embedded:
            return warning(_NAME, message, "`voxloom up` runs the migrations when it starts.")
        return fault(_NAME, message, "Run `voxloom migrate`.")
    return fault(_NAME, f"at {found}, ahead of this version's {expected}", "Use the version of VoxLoom that made it.")
