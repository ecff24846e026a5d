"""A CRM record."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.models.work import CrmRecord as CrmRecordRow
from graph.loaders import Source
from graph.types.common import described
from graph.types.tool_call import ToolCall
from graph.types.words import CrmStatus, Priority

if TYPE_CHECKING:
    from graph.types.session import Session


@strawberry.type(description="What a scenario wrote about the customer: what was said or is known, and nothing else.")
class CrmRecord:
    row: strawberry.Private[CrmRecordRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = described("UUID version 7.")
    scenario: str = described("The kind of request.")
    reference: str = described("What the customer is told, to ask about it later.")
    customer_id: str = described("The session's customer.")
    name: str | None = described("The customer's name, if given.")
    phone: str | None = described("The customer's phone number, if given.")
    account_id: str | None = described("The customer's account, if given.")
    query: str = described("What the customer asked for, in their words.")
    intent: str = described("What kind of request within the scenario.")
    priority: Priority = described("How soon somebody must look at it.")
    status: CrmStatus = described("Whether it is filed.")
    details: JSON = described("The scenario's own fields.")
    created_at: datetime = described("When it was filed.")

    @classmethod
    def of(cls, row: CrmRecordRow, source: Source) -> CrmRecord:
        return cls(
            row=row,
            source=source,
            id=strawberry.ID(str(row.id)),
            scenario=row.scenario,
            reference=row.reference,
            customer_id=row.customer_id,
            name=row.name,
            phone=row.phone,
            account_id=row.account_id,
            query=row.query,
            intent=row.intent,
            priority=row.priority,
            status=row.status,
            details=JSON(row.details),
            created_at=row.created_at,
        )

    @strawberry.field(description="The tool call that filed it.")
    async def tool_call(self) -> ToolCall | None:
        row = await self.source.tool_call.load(self.row.tool_call_id)
        return None if row is None else ToolCall.of(row, self.source)

    @strawberry.field(description="The session it was filed in.")
    async def session(self) -> Annotated[Session, strawberry.lazy("graph.types.session")]:
        from graph.types.session import Session

        row = await self.source.session.load(self.row.session_id)
        assert row is not None
        return Session.of(row, self.source)
