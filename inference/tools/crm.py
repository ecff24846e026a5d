"""Runs the CRM tools of a session: by the agent definition that the session is pinned to."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.pinned import agent_of
from db.agents.tool_names import FIND_CRM_RECORDS, UPDATE_CRM_RECORD
from db.enums import ToolCallStatus
from db.json_value import Json
from db.models.work import ToolCall
from db.turns import tool_calls
from db.turns.crm import describe, file_record, find_records, refuse, stored_result
from db.turns.crm_updates import update_record
from inference.tools.crm_specs import FindCrmRecords


async def run_crm_tool(
    session: AsyncSession, *, tenant_id: UUID, session_id: UUID, tool_call_id: UUID, name: str, arguments: Json
) -> Mapping[str, object]:
    """Runs one tool and ends its tool call in the same transaction; returns ``{"ok": ..., ...}``."""
    agent = await agent_of(session, session_id)
    if name == UPDATE_CRM_RECORD:
        return await update_record(
            session,
            tenant_id=tenant_id,
            session_id=session_id,
            tool_call_id=tool_call_id,
            agent=agent,
            arguments=arguments,
        )
    call = await tool_calls.lock(session, tenant_id, session_id, tool_call_id)
    if call.status is not ToolCallStatus.PENDING:
        return stored_result(call)
    if name == FIND_CRM_RECORDS:
        return await _find(session, call, arguments)
    return await file_record(session, call, agent, name, arguments)


async def _find(session: AsyncSession, call: ToolCall, arguments: Json) -> Mapping[str, object]:
    try:
        wanted = FindCrmRecords.model_validate(arguments)
    except ValidationError as invalid:
        return await refuse(session, call, _errors(invalid))
    found = await find_records(session, call.session_id, scenario=wanted.scenario, limit=wanted.limit)
    result = {"ok": True, "records": [{**describe(each), "created_at": each.created_at.isoformat()} for each in found]}
    await tool_calls.end(session, call, result=result)
    return result


def _errors(invalid: ValidationError) -> list[dict[str, str]]:
    """Pydantic's errors as ``{"loc", "msg"}``, without the invalid values."""
    return [
        {"loc": ".".join(str(part) for part in each["loc"]), "msg": each["msg"]}
        for each in invalid.errors(include_url=False, include_context=False, include_input=False)
    ]
