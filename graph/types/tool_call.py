"""A tool call."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.models.work import ToolCall as ToolCallRow
from graph.loaders import Source
from graph.types.common import described
from graph.types.words import ToolCallStatus

if TYPE_CHECKING:
    from graph.types.crm import CrmRecord


@strawberry.type(description="One use of a tool. Its row is there before the tool runs.")
class ToolCall:
    row: strawberry.Private[ToolCallRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = described("UUID version 7; also the key under which the tool runs once.")
    name: str = described("The tool.")
    server: str = described("The MCP server that has it.")
    arguments: JSON = described("What the tool was given.")
    result: JSON | None = described("What the tool answered.")
    status: ToolCallStatus = described("PENDING until the tool has answered.")
    error: str | None = described("Why it failed, naming fields and rules.")
    duration_ms: float | None = described("From its intent to its end.")
    created_at: datetime = described("When its intent was stored.")

    @classmethod
    def of(cls, row: ToolCallRow, source: Source) -> ToolCall:
        return cls(
            row=row,
            source=source,
            id=strawberry.ID(str(row.id)),
            name=row.name,
            server=row.server,
            arguments=JSON(row.arguments),
            result=None if row.result is None else JSON(row.result),
            status=row.status,
            error=row.error,
            duration_ms=row.duration_ms,
            created_at=row.created_at,
        )

    @strawberry.field(description="The record it filed.")
    async def crm_record(self) -> Annotated[CrmRecord, strawberry.lazy("graph.types.crm")] | None:
        from graph.types.crm import CrmRecord

        row = await self.source.crm_record_of_tool_call.load(self.row.id)
        return None if row is None else CrmRecord.of(row, self.source)
