"""Time limits of GraphQL operations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from db.errors import OperationTimeout
from graph.guards.refusals import refusal
from graph.settings import ApiSettings


def seconds_for(kind: OperationType, settings: ApiSettings) -> float:
    """Seconds that an operation may take; a mutation may also wait for its turn (``waitSeconds``).

    Subscriptions have no limit; their SQL statements have, as all of `db.postgres.database.Database`.
    """
    if kind is OperationType.MUTATION:
        return settings.operation_seconds + settings.max_wait_seconds
    return settings.operation_seconds


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Raises OperationTimeout after ``seconds``. Other TimeoutErrors, such as the database's, pass unchanged."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise OperationTimeout(f"The operation took more than {seconds:g} s.") from None


class TimeLimit(SchemaExtension):
    """Strawberry extension: cancels an operation, with its SQL statements, after its time limit (OPERATION_TIMEOUT)."""

    async def on_execute(self) -> AsyncIterator[None]:
        context = self.execution_context
        try:
            async with within(seconds_for(context.operation_type, context.context.parts.settings)):
                yield
        except OperationTimeout as error:
            raise refusal(error) from None
