"""Object budget: counts the objects of a response while it is built, where the cost cannot be estimated before."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from strawberry.extensions import SchemaExtension

from db.errors import QueryTooComplex
from graph.guards.repetition import repeats_lists


@dataclass(slots=True)
class _Budget:
    max_objects: int
    spent: int = 0


_BUDGET: ContextVar[_Budget | None] = ContextVar("object_budget", default=None)


def spend(objects: int) -> None:
    """Counts objects before they are created. Raises QueryTooComplex above the operation's limit."""
    budget = _BUDGET.get()
    if budget is None:
        return
    budget.spent += objects
    if budget.spent > budget.max_objects:
        raise QueryTooComplex(
            f"The response has more than {budget.max_objects} objects: it repeats a session's lists for each element "
            "of a list. Ask for shorter lists (first, last), or for them once."
        )


class ObjectBudget(SchemaExtension):
    """Strawberry extension: limits the objects of an operation that repeats a session's lists to ``max_cost``."""

    def on_execute(self) -> Iterator[None]:
        context = self.execution_context
        document = context.graphql_document
        token = None
        if document is not None and repeats_lists(context.schema._schema, document, context._provided_operation_name):
            token = _BUDGET.set(_Budget(context.context.parts.settings.document_limits.max_cost))
        yield None
        if token is not None:
            _BUDGET.reset(token)
