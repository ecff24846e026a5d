"""Errors as clients see them: known ones with their code, all others masked, with an id that is also in the log."""

from __future__ import annotations

import uuid

import structlog
from graphql import GraphQLError
from strawberry.extensions import MaskErrors

from db.errors import VoxLoomError
from db.logs import place_of

log = structlog.get_logger(__name__)


class CodedErrors(MaskErrors):
    """Gives every error of a result a code, whether it comes from a query, a mutation or a running subscription."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=lambda _: True)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """The error that goes to the client."""
        cause = error.original_error
        if isinstance(cause, VoxLoomError):
            message, extensions = cause.message, dict(cause.extensions)
        elif cause is None or isinstance(cause, GraphQLError):
            # Syntax, validation, variables: what the client wrote, in graphql-core's words.
            message, extensions = error.message, {"code": "BAD_USER_INPUT", **(error.extensions or {})}
        else:
            error_id = uuid.uuid4().hex[:12]
            log.error(
                "request_failed",
                error_id=error_id,
                error=type(cause).__name__,
                where=place_of(cause),
                path=".".join(str(each) for each in error.path or ()),
            )
            message = f"Something went wrong in the server (error {error_id})."
            extensions = {"code": "INTERNAL", "errorId": error_id}
        return GraphQLError(
            message,
            nodes=error.nodes,
            source=error.source,
            positions=error.positions,
            path=error.path,
            extensions=extensions,
        )
