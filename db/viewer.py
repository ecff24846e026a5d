"""The authenticated caller: tenant and API key."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Viewer:
    """The tenant of a request, and the API key that authenticated it."""

    tenant_id: UUID
    tenant_name: str
    key_id: UUID
    key_name: str
