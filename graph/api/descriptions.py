"""Descriptions of fields that are plain attributes."""

from __future__ import annotations

import strawberry
from strawberry.types.field import StrawberryField


def described(description: str) -> StrawberryField:
    """For ``name: Annotated[str, described("...")]``: the constructor's argument stays required to a type checker."""
    field: StrawberryField = strawberry.field(description=description)
    return field
