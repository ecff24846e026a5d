"""How long an operation may take."""

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
    """How long a query or a mutation may take. A mutation may wait for its turn (waitSeconds) besides.

    A subscription has no end; its statements have, as all of `db.postgres.database.Database`.
    """
    if kind is OperationType.MUTATION:
        return settings.operation_seconds + settings.max_wait_seconds
    return settings.operation_seconds


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Raises OperationTimeout after so long. Another's time-out, such as the database's, stays what it is."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise OperationTimeout(f"The operation took more than {seconds:g} s.") from None


class TimeLimit(SchemaExtension):
    """Ends an operation that takes too long, with the code OPERATION_TIMEOUT; its statements are cancelled with it."""

    async def on_execute(self) -> AsyncIterator[None]:
        context = self.execution_context
        try:
            async with within(seconds_for(context.operation_type, context.context.parts.settings)):
                yield
        except OperationTimeout as error:
            raise refusal(error) from None
