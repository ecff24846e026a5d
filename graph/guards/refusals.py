"""A known error as graphql-core's, so that it stands among the errors of a result with its code."""

from __future__ import annotations

from graphql import GraphQLError, Node

from db.errors import VoxLoomError


def refusal(error: VoxLoomError, *nodes: Node) -> GraphQLError:
    return GraphQLError(error.message, list(nodes) or None, original_error=error, extensions=error.extensions)
