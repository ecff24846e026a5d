"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Viewer:
    """The tenant on whose behalf something is done, and the API key that proved it."""

    tenant_id: UUID
    tenant_name: str
    key_id: UUID
    key_name: str
