"""The Strawberry schema, assembled."""

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
    """Strawberry's, but that subscriptions are followed and never answered, and that CodedErrors logs the errors."""

    @property
    def graphql_schema(self) -> GraphQLSchema:
        """As graphql-core knows it."""
        return self._schema

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: an error's traceback may hold what somebody said."""

    # Any: the other arguments are handed on as they come.
    async def execute(self, query: str | None, *args: Any, **kwargs: Any) -> ExecutionResult:
        """Answers a query or a mutation. Raises InvalidOperationTypeError for a subscription."""
        allowed: Iterable[OperationType] = kwargs.get("allowed_operation_types") or _ANSWERED
        kwargs["allowed_operation_types"] = _ANSWERED & set(allowed)
        return await super().execute(query, *args, **kwargs)


class NamedOperation(SchemaExtension):
    """Refuses a document of several operations when none is named (GraphQL specification, "Executing Requests").

    Strawberry would run the first of them, which need not be the one that was meant.
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
    """The schema as text, as it is checked in and as clients generate code from it."""
    return f"{_HEAD}{schema.as_str()}\n"
