"""Relay's Node interface: every id is the key of one row of one table, so that it can be looked up by itself."""

from __future__ import annotations

import strawberry


@strawberry.interface(
    description="Anything that has an id of its own: node(id) finds it again (Relay, Global Object Identification)."
)
class Node:
    @strawberry.field(description="UUID version 7; no two things have the same, of whatever type.")
    def id(self) -> strawberry.ID:
        raise NotImplementedError  # each type says where its id is
