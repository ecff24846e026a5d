"""The schema as text, as it is checked in and as clients generate code from it."""

from __future__ import annotations

from graph.api.schema import schema

_HEAD = "# Printed from the code: `voxloom schema graph/schema.graphql`. Do not edit.\n\n"


def printed_schema() -> str:
    return f"{_HEAD}{schema.as_str()}\n"
