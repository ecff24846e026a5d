"""The Strawberry schema, assembled."""

from __future__ import annotations

import strawberry
from graphql import GraphQLError
from strawberry.types import ExecutionContext

from graph.errors import CodedErrors
from graph.mutations import Mutation
from graph.queries import Query
from graph.subscriptions import Subscription
from graph.types.event import EVENT_TYPES


class Schema(strawberry.Schema):
    """Strawberry's, but for the logging of errors: CodedErrors does it, without what a customer said."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: an error's traceback may hold what somebody said."""


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=list(EVENT_TYPES.values()),
    extensions=[CodedErrors],
)
