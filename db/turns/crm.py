"""CRM records: files one record per tool call, in the commit that accepts the call; finds a customer's records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.references import new_reference
from db.agents.scenarios import SCENARIOS, CrmPayload
from db.enums import CrmStatus, ToolCallStatus
from db.errors import InternalError
from db.ids import new_id
from db.json_value import Json
from db.models.conversation import Session
from db.models.work import CrmRecord, ToolCall
from db.turns import tool_calls
from db.validation import sanitize_json

_REFERENCE_TRIES = 8


async def file_record(
    session: AsyncSession, call: ToolCall, scenario: str, payload: Mapping[str, object]
) -> Mapping[str, Json]:
    """Validates the payload and files a record; ends ``call`` (locked by the caller) as ACCEPTED or FAILED.

    Returns the call's result: ``{"ok": true, "record": {...}}`` or ``{"ok": false, "errors": [{"loc", "msg"}]}``.
    Errors name fields and rules, never the values. Idempotent: a call that has ended returns its stored result.
    """
    if call.status is not ToolCallStatus.PENDING:
        return call.result or {"ok": False, "errors": [{"loc": "", "msg": call.error}]}
    try:
        checked = SCENARIOS[scenario].payload.model_validate(sanitize_json(payload))
    except ValidationError as invalid:
        return await _refuse(session, call, invalid)
    owner = (await session.execute(select(Session).where(Session.id == call.session_id))).scalar_one()
    record = _record(owner, call, scenario, checked, await _free_reference(session, owner.tenant_id))
    session.add(record)
    await session.flush()
    result = {"ok": True, "record": describe(record)}
    await tool_calls.end(session, call, result=result)
    return result


async def _refuse(session: AsyncSession, call: ToolCall, invalid: ValidationError) -> Mapping[str, Json]:
    errors = validation_errors(invalid)
    result = {"ok": False, "errors": errors}
    summary = "; ".join(f"{each['loc']}: {each['msg']}" if each["loc"] else each["msg"] for each in errors)
    await tool_calls.end(session, call, result=result, error=summary)
    return result


def validation_errors(invalid: ValidationError) -> list[dict[str, str]]:
    """Pydantic's errors as ``{"loc", "msg"}``, without the invalid values."""
    return [
        {"loc": ".".join(str(part) for part in each["loc"]), "msg": each["msg"]}
        for each in invalid.errors(include_url=False, include_context=False, include_input=False)
    ]


async def _free_reference(session: AsyncSession, tenant_id: UUID) -> str:
    """A random reference that is unique in the tenant; references of an earlier pattern stay valid."""
    for _ in range(_REFERENCE_TRIES):
        reference = new_reference()
        taken = select(CrmRecord.id).where(CrmRecord.tenant_id == tenant_id, CrmRecord.reference == reference)
        if await session.scalar(taken) is None:
            return reference
    raise InternalError("No free reference was found.")


def _record(owner: Session, call: ToolCall, scenario: str, payload: CrmPayload, reference: str) -> CrmRecord:
    common = set(CrmPayload.model_fields)
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
        details=payload.model_dump(mode="json", exclude=common, exclude_none=True),
        **payload.model_dump(include=common),
    )


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
        **record.details,
    }
