"""The GraphQL type of tool calls."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.models.work import CrmRecord as CrmRecordRow
from db.models.work import ToolCall as ToolCallRow
from graph.api.fields import column
from graph.api.loaders import Source
from graph.api.relations import one
from graph.api.types.circles import crm_record_of
from graph.api.types.enums import ToolCallStatus
from graph.api.types.node import Node

if TYPE_CHECKING:
    from graph.api.types.crm import CrmRecord


@strawberry.type(description="A call of an MCP tool. It is stored before the tool runs.")
class ToolCall(Node):
    row: strawberry.Private[ToolCallRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(ToolCallRow.id, "UUID version 7; also the tool's idempotency key.")
    name: str = column(ToolCallRow.name, "The tool.")
    server: str = column(ToolCallRow.server, "The MCP server of the tool.")
    arguments: JSON = column(ToolCallRow.arguments, "The tool's arguments.")
    result: JSON | None = column(ToolCallRow.result, "The tool's result.")
    status: ToolCallStatus = column(ToolCallRow.status, "PENDING until the tool has responded.")
    error: str | None = column(ToolCallRow.error, "Its error, with the fields and rules that were violated.")
    duration_ms: float | None = column(ToolCallRow.duration_ms, "Milliseconds from being stored to its end.")
    created_at: datetime = column(ToolCallRow.created_at, "When it was stored.")
    crm_record: Annotated[CrmRecord, strawberry.lazy("graph.api.types.crm")] | None = one(
        crm_record_of, CrmRecordRow.tool_call_id, ToolCallRow.id, "The CRM record that it filed."
    )
