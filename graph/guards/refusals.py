"""Converts a VoxLoomError to a GraphQLError with its code."""

from __future__ import annotations

from graphql import GraphQLError, Node

from db.errors import VoxLoomError


def refusal(error: VoxLoomError, *nodes: Node) -> GraphQLError:
    """``nodes``: parts of the document that the error is about; their locations are in the response."""
    return GraphQLError(error.message, list(nodes) or None, original_error=error, extensions=error.extensions)
