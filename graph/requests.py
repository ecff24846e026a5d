"""GraphQL requests over HTTP as they come in, before anybody has looked at the document.

Specification: https://graphql.github.io/graphql-over-http/draft/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One request. ``text`` is null where only the hash of a document was sent."""

    text: str | None
    operation_name: str | None
    variables: Mapping[str, Any]
    extensions: Mapping[str, Any]

    def with_text(self, text: str) -> GraphQLRequest:
        return GraphQLRequest(text, self.operation_name, self.variables, self.extensions)

    def as_body(self) -> bytes:
        """As the body of a POST."""
        return orjson.dumps(self._members())

    def as_query_string(self) -> bytes:
        """As the query string of a GET."""
        members = {
            name: value if isinstance(value, str) else orjson.dumps(value).decode()
            for name, value in self._members().items()
        }
        return urlencode(members).encode()

    def _members(self) -> dict[str, Any]:
        members = {"query": self.text, "operationName": self.operation_name, "variables": dict(self.variables)}
        return {name: value for name, value in members.items() if value is not None}


def from_body(body: bytes) -> GraphQLRequest | None:
    """The request in a body of JSON; null for what is none, which the full way refuses with words."""
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return _checked(members) if isinstance(members, dict) else None


def from_query_string(query: bytes) -> GraphQLRequest | None:
    """The request in a query string; null for what is none."""
    try:
        given = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=20)
        members: dict[str, Any] = dict(given)
        if len(members) != len(given):
            return None
        for name in ("variables", "extensions"):
            if name in members:
                members[name] = orjson.loads(members[name])
                if not isinstance(members[name], dict):
                    return None
    except ValueError:
        return None
    return _checked(members)


def _checked(members: Mapping[str, Any]) -> GraphQLRequest | None:
    text, name = members.get("query"), members.get("operationName")
    variables, extensions = members.get("variables"), members.get("extensions")
    if not (
        isinstance(text, str | None)
        and isinstance(name, str | None)
        and isinstance(variables, dict | None)
        and isinstance(extensions, dict | None)
    ):
        return None
    return GraphQLRequest(text, name, variables or {}, extensions or {})
