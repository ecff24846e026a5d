"""The Strawberry schema with its extensions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from graph.api.admission import Admission
from graph.api.mutations import Mutation
from graph.api.queries import Query
from graph.api.subscriptions import Subscription
from graph.api.types.event import EVENT_TYPES
from graph.datetime_scalar import SCALARS
from graph.errors import CodedErrors
from graph.guards.deadlines import TimeLimit
from graph.guards.extension import Guards
from graph.guards.fragments import operations_of
from graph.guards.object_budget import ObjectBudget

_HEAD = "# Printed from the code: `voxloom schema graph/schema.graphql`. Do not edit.\n\n"

_ANSWERED = frozenset({OperationType.QUERY, OperationType.MUTATION})


class Schema(strawberry.Schema):
    """Strawberry's schema; ``execute`` refuses subscriptions, and the extension CodedErrors logs errors."""

    @property
    def graphql_schema(self) -> GraphQLSchema:
        """The schema of graphql-core."""
        return self._schema

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Logs nothing: a traceback may hold a user's words."""

    # Any: Strawberry's other arguments are passed through.
    async def execute(self, query: str | None, *args: Any, **kwargs: Any) -> ExecutionResult:
        """Executes a query or a mutation. Raises InvalidOperationTypeError for a subscription."""
        allowed: Iterable[OperationType] = kwargs.get("allowed_operation_types") or _ANSWERED
        kwargs["allowed_operation_types"] = _ANSWERED & set(allowed)
        return await super().execute(query, *args, **kwargs)


class NamedOperation(SchemaExtension):
    """Refuses a document with several operations and no operationName (GraphQL specification, "Executing Requests").

    Strawberry would run the first one.
    """

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        document = context.graphql_document
        operations = [] if document is None else operations_of(document)
        if len(operations) > 1 and context._provided_operation_name is None:
            context.pre_execution_errors = [GraphQLError("The document has several operations: name one.")]
        yield None


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=list(EVENT_TYPES.values()),
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[CodedErrors, NamedOperation, Guards, TimeLimit, ObjectBudget, Admission],
)


def printed_schema() -> str:
    """The schema in SDL, as in ``graph/schema.graphql``, for clients' code generators."""
    return f"{_HEAD}{schema.as_str()}\n"
