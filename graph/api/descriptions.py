"""Descriptions of GraphQL fields that are plain attributes."""

from __future__ import annotations

import strawberry
from strawberry.types.field import StrawberryField


def described(description: str) -> StrawberryField:
    """For ``name: Annotated[str, described("...")]``, which keeps the constructor's argument required for mypy."""
    field: StrawberryField = strawberry.field(description=description)
    return field
