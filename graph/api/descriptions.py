"""Descriptions of plain fields."""

from __future__ import annotations

from typing import Any

import strawberry


def described(description: str) -> Any:
    """A field that is an attribute, with its description."""
    return strawberry.field(description=description)
