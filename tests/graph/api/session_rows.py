"""Rows of conversations, written without a worker, for tests of lists of sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from db.enums import MessageType, Role, ToolCallStatus, TurnStatus
from db.ids import new_id
from db.models.conversation import Message, Session, Turn
from db.models.work import CrmRecord, ToolCall
from db.postgres.database import Database

_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


async def add_turn(
    database: Database,
    session_id: str,
    said: str | None,
    reply: str | None = None,
    *,
    language: str | None = "en",
    status: TurnStatus = TurnStatus.COMPLETED,
) -> UUID:
    """Adds a turn with its messages."""
    async with database.transaction() as session:
        owner = await session.get_one(Session, UUID(session_id))
        owner.turn_count += 1
        turn = Turn(
            id=new_id(),
            session_id=owner.id,
            number=owner.turn_count,
            status=status,
            request_hash=b"",
            finished_at=_AT if status.ended else None,
            error_code="INTERNAL" if status is TurnStatus.FAILED else None,
        )
        session.add(turn)
        await session.flush()
        for role, text in ((Role.USER, said), (Role.ASSISTANT, reply)):
            if text is not None:
                session.add(
                    Message(
                        id=new_id(),
                        session_id=owner.id,
                        turn_id=turn.id,
                        role=role,
                        type=MessageType.TEXT,
                        text=text,
                        language=language,
                    )
                )
        return turn.id


async def add_record(
    database: Database,
    session_id: str,
    *,
    scenario: str = "billing_query",
    turn_id: UUID | None = None,
    **values: Any,
) -> UUID:
    """Files a CRM record."""
    async with database.transaction() as session:
        owner = await session.get_one(Session, UUID(session_id))
        owner.last_seq += 1  # as with the event of a tool call: the version of what is read
        call = ToolCall(
            id=new_id(),
            session_id=owner.id,
            turn_id=turn_id,
            name=scenario,
            server="crm",
            arguments={},
            result={},
            status=ToolCallStatus.ACCEPTED,
            idempotency_key=str(new_id()),
            finished_at=_AT,
        )
        session.add(call)
        await session.flush()
        given = {"reference": f"{new_id().int % 16**8:08X}", "query": "q", "intent": "billing", "details": {}, **values}
        record = CrmRecord(
            id=new_id(),
            tenant_id=owner.tenant_id,
            session_id=owner.id,
            tool_call_id=call.id,
            scenario=scenario,
            customer_id=owner.customer_id,
            priority="NORMAL",
            **given,
        )
        session.add(record)
        return record.id
