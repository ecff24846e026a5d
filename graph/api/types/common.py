"""What the type modules share."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry.types import Info as StrawberryInfo

from graph.api.context import Context

Info = StrawberryInfo[Context, None]


def described(description: str) -> Any:
    """A field that is an attribute, with its description."""
    return strawberry.field(description=description)
