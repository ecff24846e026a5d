"""Relay's Node interface: an id is unique among all tables, so it identifies a row by itself."""

from __future__ import annotations

import strawberry


@strawberry.interface(
    description="An object with a global id, which node(id) accepts (Relay, Global Object Identification)."
)
class Node:
    @strawberry.field(description="UUID version 7, unique among all types.")
    def id(self) -> strawberry.ID:
        raise NotImplementedError  # each type defines its id
