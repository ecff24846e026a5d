"""GraphQL type of API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from db.models.tenancy import ApiKey as ApiKeyRow
from db.viewer import Viewer
from graph.api.descriptions import described


@strawberry.type(description="An API key of the tenant. The key itself is shown once, when it is created.")
class ApiKey:
    id: Annotated[strawberry.ID, described("A UUID.")]
    name: Annotated[str, described("Its name.")]
    prefix: Annotated[str, described("Its first characters, by which a key is recognized.")]
    created_at: Annotated[datetime, described("When it was created.")]
    revoked_at: Annotated[datetime | None, described("When it was revoked; null if it was not.")]
    expires_at: Annotated[datetime | None, described("When it expires or expired; null if it does not expire.")]
    current: Annotated[bool, described("Whether this request was made with it.")]


def show_key(row: ApiKeyRow, viewer: Viewer) -> ApiKey:
    """The key as ``viewer`` sees it."""
    return ApiKey(
        id=strawberry.ID(str(row.id)),
        name=row.name,
        prefix=row.prefix,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        expires_at=row.expires_at,
        current=row.id == viewer.key_id,
    )
