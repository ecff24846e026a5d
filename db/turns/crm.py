"""CRM records: files one record per tool call, in the commit that accepts the call; finds a customer's records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.definition import STANDARD_FIELDS, AgentDefinition
from db.agents.payload import check_payload
from db.agents.references import new_reference
from db.enums import CrmStatus, Priority, ToolCallStatus
from db.errors import InternalError
from db.ids import new_id
from db.json_value import Json
from db.models.conversation import Session
from db.models.work import CrmRecord, ToolCall
from db.turns import tool_calls
from db.validation import sanitize_json

_REFERENCE_TRIES = 8

#: An error of a call: ``loc``, the field or "", and ``msg``, the rule. Never the value, which a customer said.
Errors = Sequence[Mapping[str, str]]

_UNKNOWN = [{"loc": "", "msg": "this assistant has no such tool"}]


async def file_record(
    session: AsyncSession,
    call: ToolCall,
    agent: AgentDefinition,
    scenario: str,
    payload: Mapping[str, object],
) -> Mapping[str, Json]:
    """Validates the payload of the agent's scenario and files a record; ends ``call``, which the caller has locked.

    Returns the call's result: ``{"ok": true, "record": {...}}`` or ``{"ok": false, "errors": [{"loc", "msg"}]}``.
    Idempotent: a call that has ended returns its stored result.
    """
    if call.status is not ToolCallStatus.PENDING:
        return stored_result(call)
    known = agent.scenario(scenario)
    if known is None or not known.files_records:
        return await refuse(session, call, _UNKNOWN)
    checked, errors = check_payload(agent, known, sanitize_json(payload))
    if errors:
        return await refuse(session, call, errors)
    owner = (await session.execute(select(Session).where(Session.id == call.session_id))).scalar_one()
    record = _record(owner, call, scenario, checked, await _free_reference(session, owner.tenant_id))
    session.add(record)
    await session.flush()
    result = {"ok": True, "record": describe(record)}
    await tool_calls.end(session, call, result=result)
    return result


def stored_result(call: ToolCall) -> Mapping[str, Json]:
    """The result of a call that has ended."""
    return call.result or {"ok": False, "errors": [{"loc": "", "msg": call.error}]}


async def refuse(session: AsyncSession, call: ToolCall, errors: Errors) -> Mapping[str, Json]:
    """Ends the call as FAILED with these errors; returns its result."""
    result = {"ok": False, "errors": list(errors)}
    summary = "; ".join(f"{each['loc']}: {each['msg']}" if each["loc"] else each["msg"] for each in errors)
    await tool_calls.end(session, call, result=result, error=summary)
    return result


async def _free_reference(session: AsyncSession, tenant_id: UUID) -> str:
    """A random reference that is unique in the tenant; references of an earlier pattern stay valid."""
    for _ in range(_REFERENCE_TRIES):
        reference = new_reference()
        taken = select(CrmRecord.id).where(CrmRecord.tenant_id == tenant_id, CrmRecord.reference == reference)
        if await session.scalar(taken) is None:
            return reference
    raise InternalError("No free reference was found.")


def _record(owner: Session, call: ToolCall, scenario: str, payload: Mapping[str, Json], reference: str) -> CrmRecord:
    return CrmRecord(
        id=new_id(),
        tenant_id=owner.tenant_id,
        session_id=owner.id,
        tool_call_id=call.id,
        scenario=scenario,
        reference=reference,
        customer_id=owner.customer_id,
        status=CrmStatus.DONE,
        forked=owner.forked_from_id is not None,
        **columns_of(payload),
    )


def columns_of(payload: Mapping[str, Json]) -> dict[str, Json]:
    """A checked payload as the columns of a record."""
    own = {name: value for name, value in payload.items() if name not in STANDARD_FIELDS and value is not None}
    standard = {name: payload.get(name) for name in STANDARD_FIELDS}
    return {**standard, "priority": Priority(payload["priority"]), "details": own}


def payload_of(record: CrmRecord) -> dict[str, Json]:
    """A record's fields that have a value, as the payload that files it."""
    standard = {name: getattr(record, name) for name in STANDARD_FIELDS} | {"priority": record.priority.value}
    return {**{name: value for name, value in standard.items() if value is not None}, **record.details}


async def find_records(
    session: AsyncSession, session_id: UUID, *, scenario: str | None, limit: int
) -> Sequence[CrmRecord]:
    """The newest records of the session's customer that the session may see (``visible_to``)."""
    owner = (await session.execute(select(Session).where(Session.id == session_id))).scalar_one()
    query = select(CrmRecord).where(*visible_to(owner))
    if scenario is not None:
        query = query.where(CrmRecord.scenario == scenario)
    return (await session.scalars(query.order_by(CrmRecord.id.desc()).limit(limit))).all()


def visible_to(owner: Session) -> Iterator[ColumnElement[bool]]:
    """The conditions of records that tools of a session may find and change.

    The customer's records of all sessions of the tenant that are no forks. In a fork: its own, copied or filed on
    trial, and those of the customer, but not those of the sessions that it was copied from: of these it has the copies
    up to the turn where it begins.
    """
    yield CrmRecord.tenant_id == owner.tenant_id
    yield CrmRecord.customer_id == owner.customer_id
    if owner.forked_from_id is None:
        yield CrmRecord.forked.is_(False)
        return
    copied = select(Session.forked_from_id.label("id")).where(Session.id == owner.id).cte("copied", recursive=True)
    earlier = select(Session.forked_from_id).join(copied, Session.id == copied.c.id)
    copied = copied.union(earlier.where(Session.forked_from_id.is_not(None)))
    others = CrmRecord.forked.is_(False) & CrmRecord.session_id.not_in(select(copied.c.id))
    yield (CrmRecord.session_id == owner.id) | others


def describe(record: CrmRecord) -> dict[str, object]:
    """A record as JSON for tool results."""
    return {
        **record.details,
        "id": str(record.id),
        "reference": record.reference,
        "scenario": record.scenario,
        "status": record.status.value,
        "priority": record.priority.value,
        "name": record.name,
        "phone": record.phone,
        "account_id": record.account_id,
        "query": record.query,
        "intent": record.intent,
    }
