"""Strawberry extension that admits validated operations to the compiled layer, and enforces trusted documents."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLError
from strawberry.extensions import SchemaExtension

from db.errors import Forbidden


class Admission(SchemaExtension):
    """The last extension: operations that reach it are valid and within all limits."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        documents = context.context.parts.documents
        if context.query and not context.pre_execution_errors and not documents.may_run(context.query):
            refused = Forbidden("This server runs trusted documents only.")
            context.pre_execution_errors = [GraphQLError(refused.message, original_error=refused)]
        yield None

    def on_execute(self) -> Iterator[None]:
        context = self.execution_context
        if context.query and context.graphql_document is not None and not context.pre_execution_errors:
            admitted = context.context.parts.admitted
            admitted.admit(context.query, context._provided_operation_name, context.graphql_document)
        yield None
