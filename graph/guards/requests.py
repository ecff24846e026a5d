"""Parsing of GraphQL requests from a JSON body, a query string or a message, for every transport.

Specification: https://graphql.github.io/graphql-over-http/draft/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from db.errors import BadUserInput
from graph.wire.json_reader import read_json

#: Most parameters of a query string.
_MAX_PARAMETERS = 20

_JSON_PARAMETERS = frozenset({"variables", "extensions"})
_PARAMETERS = frozenset({"query", "operationName"}) | _JSON_PARAMETERS


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One request. ``text``: the document; None if only its hash was sent."""

    text: str | None
    operation_name: str | None
    variables: Mapping[str, object]
    extensions: Mapping[str, object]

    def with_text(self, text: str) -> GraphQLRequest:
        return GraphQLRequest(text, self.operation_name, self.variables, self.extensions)


def from_body(body: bytes | str) -> GraphQLRequest:
    """Parses a JSON body. Raises BadUserInput."""
    return from_members(read_json(body))


def from_query_string(query: bytes) -> GraphQLRequest:
    """Parses a query string. Raises BadUserInput."""
    try:
        given = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict"
        )
    except ValueError:  # includes UnicodeDecodeError
        message = f"The query string must be URL-encoded UTF-8 of at most {_MAX_PARAMETERS} parameters."
        raise BadUserInput(message) from None
    texts: dict[str, str] = {}
    for name, value in given:
        if name in texts:
            raise BadUserInput(f"The query string has the parameter {name} twice.")
        if name in _PARAMETERS:
            texts[name] = value
    members = {name: read_json(text) if name in _JSON_PARAMETERS else text for name, text in texts.items()}
    if members.get("operationName") == "":  # in a query string, empty means absent
        del members["operationName"]
    return from_members(members)


def from_members(members: object) -> GraphQLRequest:
    """The request in a JSON object that was read, of a body, a form's ``operations`` or a websocket's payload.

    Raises BadUserInput for another value, and for members of other types.
    """
    if isinstance(members, list):
        raise BadUserInput("Batches are not taken: send one operation a request.")
    if not isinstance(members, dict):
        raise BadUserInput("A request must be a JSON object.")
    text, name = members.get("query"), members.get("operationName")
    variables, extensions = members.get("variables"), members.get("extensions")
    if not isinstance(text, str | None):
        raise BadUserInput("The query must be a string or null.")
    if not isinstance(name, str | None):
        raise BadUserInput("The operationName must be a string or null.")
    if not isinstance(variables, dict | None):
        raise BadUserInput("The variables must be an object or null.")
    if not isinstance(extensions, dict | None):
        raise BadUserInput("The extensions must be an object or null.")
    return GraphQLRequest(text, name, variables or {}, extensions or {})
