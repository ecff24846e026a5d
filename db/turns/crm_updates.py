"""Changes of CRM records: one for each tool call, in the commit that accepts the call; the earlier values are kept."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.definition import AgentDefinition
from db.agents.payload import check_payload
from db.agents.pinned import agent_of
from db.agents.references import as_stored
from db.enums import EventType, ToolCallStatus
from db.errors import NotFound
from db.feed.events import NewEvent, touch_session
from db.ids import new_id, parse_id
from db.json_value import Json
from db.models.conversation import Session
from db.models.work import CrmRecord, CrmRecordChange, ToolCall
from db.turns import tool_calls
from db.turns.crm import columns_of, describe, payload_of, refuse, stored_result, visible_to
from db.validation import same_json, sanitize_json

#: Arguments that name the record; all others are its fields.
NAMES = ("reference", "id")

_WHICH = [{"loc": "reference", "msg": "name the record by its reference or its id"}]
_UNKNOWN = [{"loc": "reference", "msg": "this customer has no such record"}]
_NOT_OURS = [{"loc": "reference", "msg": "this assistant does not handle records of this kind"}]
_NOTHING = [{"loc": "", "msg": "name the fields to change"}]


async def update_record(
    session: AsyncSession,
    *,
    tenant_id: UUID,
    session_id: UUID,
    tool_call_id: UUID,
    agent: AgentDefinition,
    arguments: Mapping[str, Json],
) -> Mapping[str, Json]:
    """Changes fields of a record of the session's customer; None clears a field. Ends the call as ACCEPTED or FAILED.

    The record may be of an earlier session of the customer, of a scenario that ``agent`` (the session's) has; a forked
    session changes only its own. The changed record is validated as a whole, by the definition that it was filed with.

    Returns the call's result: ``{"ok": true, "record": {...}, "changed": [names]}`` or ``{"ok": false, "errors":
    [{"loc", "msg"}]}``. Idempotent: a call that has ended returns its stored result. Raises NotFound for an unknown
    call.
    """
    given = sanitize_json(arguments)
    found = await _find(session, tenant_id, session_id, given)
    if found is not None and found.session_id != session_id:
        # All writers lock sessions first; two of them in the order of their ids, against deadlocks.
        both = select(Session.id).where(Session.id.in_((session_id, found.session_id))).order_by(Session.id)
        await session.execute(both.with_for_update())
    call = await tool_calls.lock(session, tenant_id, session_id, tool_call_id)
    if call.status is not ToolCallStatus.PENDING:
        return stored_result(call)
    changes = {name: value for name, value in given.items() if name not in NAMES}
    if sum(isinstance(given.get(name), str) for name in NAMES) != 1:
        return await refuse(session, call, _WHICH)
    if found is None:
        return await refuse(session, call, _UNKNOWN)
    if not changes:
        return await refuse(session, call, _NOTHING)
    return await _change(session, call, agent, found.id, changes)


async def _find(
    session: AsyncSession, tenant_id: UUID, session_id: UUID, arguments: Mapping[str, Json]
) -> CrmRecord | None:
    """The record, not locked; None if the session's customer has none of this name."""
    owner = await session.scalar(select(Session).where(Session.id == session_id, Session.tenant_id == tenant_id))
    if owner is None:
        return None
    query = select(CrmRecord).where(*visible_to(owner))
    if owner.forked_from_id is not None:  # what a fork does is a trial: it must not change what is true
        query = query.where(CrmRecord.session_id == owner.id)
    reference, record_id = arguments.get("reference"), arguments.get("id")
    if isinstance(reference, str):
        return await session.scalar(query.where(CrmRecord.reference == as_stored(reference)))
    try:
        return await session.scalar(query.where(CrmRecord.id == parse_id(str(record_id), "CRM record")))
    except NotFound:
        return None


async def _change(
    session: AsyncSession, call: ToolCall, agent: AgentDefinition, record_id: UUID, changes: Mapping[str, Json]
) -> Mapping[str, Json]:
    record = await session.get_one(CrmRecord, record_id, populate_existing=True)
    filed_with = agent if record.session_id == call.session_id else await agent_of(session, record.session_id)
    scenario = filed_with.scenario(record.scenario)
    if scenario is None or agent.scenario(record.scenario) is None:
        return await refuse(session, call, _NOT_OURS)
    before = payload_of(record)
    whole = {name: value for name, value in {**before, **changes}.items() if value is not None}
    checked, errors = check_payload(filed_with, scenario, whole)
    if errors:
        return await refuse(session, call, errors)
    changed = [name for name in changes if not same_json(before.get(name), checked.get(name))]
    events = []
    if changed:
        for column, value in columns_of(checked).items():
            setattr(record, column, value)
        record.updated_at = await session.scalar(select(func.clock_timestamp()))
        change = CrmRecordChange(
            id=new_id(),
            record_id=record.id,
            session_id=call.session_id,
            tool_call_id=call.id,
            before={name: before.get(name) for name in changed},
            after={name: checked.get(name) for name in changed},
        )
        session.add(change)
        await session.flush()
        data = {"crm_record_id": str(record.id), "change_id": str(change.id)}
        events.append(NewEvent(EventType.CRM_RECORD_UPDATED, call.turn_id, data))
        if record.session_id != call.session_id:
            await touch_session(session, record.session_id)
    result = {"ok": True, "record": describe(record), "changed": changed}
    await tool_calls.end(session, call, result=result, events=events)
    return result
