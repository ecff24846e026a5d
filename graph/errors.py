"""Error masking for GraphQL results: known errors keep their code; others become INTERNAL with an id that is logged."""

from __future__ import annotations

import re
import uuid

import structlog
from graphql import GraphQLError, IntValueNode
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import MaskErrors
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from db.errors import InternalError, VoxLoomError
from db.logs import error_fields
from db.postgres.outage import client_error

log = structlog.get_logger(__name__)

#: Strawberry's errors for documents without an operation to run.
_NOTHING_TO_RUN = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)


#: graphql-core's message about an invalid variable: its place, and the fault.
_OF_VARIABLE = re.compile(r"(?P<where>Variable '\$\w+' has invalid value(?: at [^:]*)?): (?P<fault>.*)", re.DOTALL)

#: The part of the fault after which the value follows, as its Python repr.
_VALUE = re.compile(r"(, found: |(?<= cannot represent )[^:]*: ).*", re.DOTALL)


def in_graphql(message: str) -> str:
    """graphql-core's message about a variable without the variable's value."""
    found = _OF_VARIABLE.fullmatch(message)
    if found is None:
        return message
    fault = _VALUE.sub(lambda value: value[1].removesuffix("found: ").rstrip(", :") + ".", found["fault"])
    return f"{found['where']}: {fault.replace('not to be None', 'not to be null')}"


class MaskedError(InternalError):
    """Replaces an unexpected error for clients; its ``errorId`` is also in the log."""

    def __init__(self, error_id: str) -> None:
        super().__init__(f"Something went wrong in the server (error {error_id}).")
        self.error_id = error_id

    @property
    def extensions(self) -> dict[str, object]:
        return {**super().extensions, "errorId": self.error_id}


def masked(error: BaseException, *, path: str) -> MaskedError:
    """Logs an unexpected error, without its text, and returns the error that the client gets."""
    error_id = uuid.uuid4().hex[:12]
    log.error("request_failed", error_id=error_id, path=path, **error_fields(error))
    return MaskedError(error_id)


class CodedErrors(MaskErrors):
    """Strawberry extension: gives every error of a query, mutation or subscription a code; masks unexpected ones."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=lambda _: True)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """The error as sent to the client."""
        cause = error.original_error
        cause = client_error(cause) or cause
        if isinstance(cause, VoxLoomError):
            message, extensions = cause.message, dict(cause.extensions)
        elif cause is None or isinstance(cause, GraphQLError):
            # Syntax, validation, variables: a client error, with graphql-core's message.
            message, extensions = in_graphql(error.message), {"code": "BAD_USER_INPUT", **(error.extensions or {})}
        elif isinstance(cause, _NOTHING_TO_RUN):
            message, extensions = "The document does not have this operation.", {"code": "BAD_USER_INPUT"}
        elif isinstance(cause, ValueError) and isinstance(next(iter(error.nodes or ()), None), IntValueNode):
            # Python refuses to parse integers of thousands of digits.
            message, extensions = "The document has a number that is too long.", {"code": "BAD_USER_INPUT"}
        else:
            unexpected = masked(cause, path=".".join(str(each) for each in error.path or ()))
            message, extensions = unexpected.message, unexpected.extensions
        return GraphQLError(
            message,
            nodes=error.nodes,
            source=error.source,
            positions=error.positions,
            path=error.path,
            extensions=extensions,
        )
