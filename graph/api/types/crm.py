"""The GraphQL type of CRM records."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.models.conversation import Session as SessionRow
from db.models.work import CrmRecord as CrmRecordRow
from db.models.work import CrmRecordChange as CrmRecordChangeRow
from db.models.work import ToolCall as ToolCallRow
from graph.api.fields import column
from graph.api.loaders import Source
from graph.api.relations import many, one
from graph.api.types.circles import session_of
from graph.api.types.enums import CrmStatus, Priority
from graph.api.types.node import Node
from graph.api.types.tool_call import ToolCall

if TYPE_CHECKING:
    from graph.api.types.session import Session


@strawberry.type(
    description="A change of a filed CRM record. The record has the newest values, each change the earlier."
)
class CrmRecordChange:
    row: strawberry.Private[CrmRecordChangeRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(CrmRecordChangeRow.id, "UUID version 7.")
    before: JSON = column(CrmRecordChangeRow.before, "The earlier values of the changed fields; null: there was none.")
    after: JSON = column(CrmRecordChangeRow.after, "The new values of the changed fields; null: cleared.")
    tool_call_id: strawberry.ID = column(CrmRecordChangeRow.tool_call_id, "The tool call that changed it.")
    session_id: strawberry.ID = column(
        CrmRecordChangeRow.session_id, "The session in which it was changed: the record's, or a later one."
    )
    created_at: datetime = column(CrmRecordChangeRow.created_at, "When it was changed.")


@strawberry.type(description="A customer's request that a scenario filed, from stated or known facts only.")
class CrmRecord(Node):
    row: strawberry.Private[CrmRecordRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(CrmRecordRow.id, "UUID version 7.")
    scenario: str = column(CrmRecordRow.scenario, "The kind of request.")
    reference: str = column(CrmRecordRow.reference, "The reference number that the customer is given for follow-up.")
    customer_id: str = column(CrmRecordRow.customer_id, "The session's customer.")
    name: str | None = column(CrmRecordRow.name, "The customer's name, if given.")
    phone: str | None = column(CrmRecordRow.phone, "The customer's phone number, if given.")
    account_id: str | None = column(CrmRecordRow.account_id, "The customer's account, if given.")
    query: str = column(CrmRecordRow.query, "What the customer asked for, in their words.")
    intent: str = column(CrmRecordRow.intent, "The kind of request within the scenario.")
    priority: Priority = column(CrmRecordRow.priority, "Its urgency.")
    status: CrmStatus = column(CrmRecordRow.status, "Its filing status.")
    details: JSON = column(CrmRecordRow.details, "The scenario's own fields.")
    forked: bool = column(
        CrmRecordRow.forked, "Whether it belongs to a forked session: it is no request of the customer."
    )
    created_at: datetime = column(CrmRecordRow.created_at, "When it was filed.")
    updated_at: datetime | None = column(CrmRecordRow.updated_at, "When it was last changed; null if it never was.")
    changes: list[CrmRecordChange] = many(
        CrmRecordChange, CrmRecordChangeRow.record_id, CrmRecordRow.id, "Its changes, oldest first."
    )
    tool_call: ToolCall | None = one(
        ToolCall, ToolCallRow.id, CrmRecordRow.tool_call_id, "The tool call that filed it."
    )
    session: Annotated[Session, strawberry.lazy("graph.api.types.session")] = one(
        session_of, SessionRow.id, CrmRecordRow.session_id, "The session it was filed in."
    )
