"""The Strawberry schema, assembled."""

from __future__ import annotations

import strawberry

from graph.errors import CodedErrors
from graph.mutations import Mutation
from graph.queries import Query
from graph.subscriptions import Subscription
from graph.types.event import EVENT_TYPES

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=list(EVENT_TYPES.values()),
    extensions=[CodedErrors],
)
