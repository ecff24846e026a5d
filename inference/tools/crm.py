"""The CRM tools: one that files a record for each scenario, and one that finds filed records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.scenarios import FIND_CRM_RECORDS, SCENARIOS
from db.json_value import Json
from db.models.work import ToolCall
from db.turns import tool_calls
from db.turns.crm import describe, file_record, find_records, validation_errors
from inference.tools.json_schema import without_references


class FindCrmRecords(BaseModel):
    """The arguments of ``find_crm_records``."""

    model_config = ConfigDict(extra="forbid")

    scenario: str | None = Field(None, description="Only records of this scenario.")
    limit: int = Field(5, ge=1, le=50, description="How many records at the most, newest first.")


@dataclass(frozen=True, slots=True)
class CrmTool:
    """Name, description and JSON schema of a tool."""

    name: str
    description: str
    parameters: Mapping[str, Json]


TOOLS: dict[str, CrmTool] = {
    tool.name: tool
    for tool in (
        *(
            CrmTool(
                scenario.name,
                f"Files a record in the CRM. {scenario.description} Give only what the customer said.",
                without_references(scenario.payload.model_json_schema()),
            )
            for scenario in SCENARIOS.values()
        ),
        CrmTool(
            FIND_CRM_RECORDS,
            "Looks up the records that were filed for this customer, newest first.",
            without_references(FindCrmRecords.model_json_schema()),
        ),
    )
}


async def run_crm_tool(
    session: AsyncSession, *, tenant_id: UUID, session_id: UUID, tool_call_id: UUID, name: str, arguments: Json
) -> Mapping[str, object]:
    """Runs one tool and ends its tool call in the same transaction; returns ``{"ok": ..., ...}``."""
    call = await tool_calls.lock(session, tenant_id, session_id, tool_call_id)
    if name in SCENARIOS:
        return await file_record(session, call, name, arguments)
    return await _find(session, call, arguments)


async def _find(session: AsyncSession, call: ToolCall, arguments: Json) -> Mapping[str, object]:
    try:
        wanted = FindCrmRecords.model_validate(arguments)
    except ValidationError as invalid:
        errors = validation_errors(invalid)
        await tool_calls.end(session, call, result={"ok": False, "errors": errors}, error="The arguments are invalid.")
        return {"ok": False, "errors": errors}
    found = await find_records(session, call.session_id, scenario=wanted.scenario, limit=wanted.limit)
    result = {"ok": True, "records": [{**describe(each), "created_at": each.created_at.isoformat()} for each in found]}
    await tool_calls.end(session, call, result=result)
    return result
