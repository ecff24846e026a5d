"""Strawberry extension that applies the document limits at parsing and validation."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)
from strawberry.extensions import SchemaExtension

from db.errors import BadUserInput
from graph.guards.document_limits import check_operation
from graph.guards.refusals import refusal
from graph.guards.tokens import parse_within
from graph.guards.variables import variables_fault
from graph.limits import DocumentLimits


class Guards(SchemaExtension):
    """Refuses a document above the limits before it is parsed, validated or executed."""

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        if context.graphql_document is None and context.query:
            try:
                context.graphql_document = parse_within(context.query, self._limits)
            except GraphQLError as error:
                context.pre_execution_errors = [error]
                context.graphql_document = self._nothing()
        yield None

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        document = context.graphql_document
        if document is not None and not context.pre_execution_errors:
            context.pre_execution_errors = self._errors(document)
        yield None

    def _errors(self, document: DocumentNode) -> list[GraphQLError]:
        context, limits = self.execution_context, self._limits
        schema = context.schema._schema
        fault = variables_fault(context.variables, limits)
        if fault is not None:
            return [refusal(BadUserInput(fault))]
        return check_operation(schema, document, context._provided_operation_name, context.variables, limits)

    def _nothing(self) -> DocumentNode:
        """A placeholder for a document that could not be parsed: Strawberry reads the operation's kind from it."""
        context = self.execution_context
        name = context._provided_operation_name
        operation = OperationDefinitionNode(
            operation=OperationType(next(iter(context.allowed_operations)).value),
            name=None if name is None else NameNode(value=name),
            selection_set=SelectionSetNode(selections=(FieldNode(name=NameNode(value="__typename")),)),
        )
        return DocumentNode(definitions=(operation,))

    @property
    def _limits(self) -> DocumentLimits:
        limits: DocumentLimits = self.execution_context.context.parts.settings.document_limits
        return limits
