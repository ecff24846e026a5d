"""A retried turn repeats a tool call whose outcome is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, update

from db.agents.builtin import builtin_agents
from db.commands import turns
from db.enums import MessageType, Role, ToolCallStatus
from db.ids import new_id
from db.models.conversation import Message
from db.models.work import ToolCall
from db.postgres.database import Database
from db.queue.limits import QueueLimits
from db.turns import tool_calls
from db.turns.crm import file_record
from db.turns.tool_calls import NewToolCall
from db.viewer import Viewer
from tests.db.rows import open_session, say

_AGENT = builtin_agents()["billing_agent"]

_PAYLOAD = {"query": "the bill is too high", "intent": "overcharge"}
_UNKNOWN = {"ok": False, "errors": [], "outcome": "unknown"}


async def begun(database: Database, session_id: UUID, turn_id: UUID, number: int) -> UUID:
    async with database.transaction() as session:
        new = NewToolCall(session_id, turn_id, 1, "billing_query", "crm", _PAYLOAD, f"{turn_id}:{number}")
        return (await tool_calls.begin(session, new)).id


async def cancelled_and_retried(database: Database, viewer: Viewer, turn_id: UUID) -> None:
    async with database.transaction() as session:
        await turns.cancel_turn(session, viewer, turn_id=turn_id)
    async with database.transaction() as session:
        await turns.retry_turn(session, viewer, turn_id=turn_id, limits=QueueLimits())


async def stored(database: Database, call_id: UUID) -> ToolCall:
    async with database.reading() as session:
        return await session.get_one(ToolCall, call_id)


async def test_the_call_is_pending_again_and_files_one_record(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    turn_id = await say(database, viewer, session_id)
    call_id = await begun(database, session_id, turn_id, 0)
    await cancelled_and_retried(database, viewer, turn_id)
    call = await stored(database, call_id)
    assert (call.status, call.result, call.error, call.finished_at) == (ToolCallStatus.PENDING, None, None, None)
    for _ in range(2):
        async with database.transaction() as session:
            locked = await tool_calls.lock(session, viewer.tenant_id, session_id, call_id)
            filed: Mapping[str, Any] = await file_record(session, locked, _AGENT, "billing_query", _PAYLOAD)
        assert filed["ok"] is True
    assert (await stored(database, call_id)).status is ToolCallStatus.ACCEPTED


@pytest.mark.parametrize("why", ["a later call", "a reply"])
async def test_a_call_whose_outcome_the_model_has_used_is_not_changed(
    database: Database, viewer: Viewer, why: str
) -> None:
    session_id = await open_session(database, viewer)
    turn_id = await say(database, viewer, session_id)
    call_id = await begun(database, session_id, turn_id, 0)
    async with database.transaction() as session:
        await session.execute(
            update(ToolCall)
            .where(ToolCall.id == call_id)
            .values(
                status=ToolCallStatus.FAILED, result=_UNKNOWN, error="OUTCOME_UNKNOWN: none", finished_at=func.now()
            )
        )
    if why == "a later call":
        await begun(database, session_id, turn_id, 1)
    else:
        async with database.transaction() as session:
            session.add(
                Message(
                    id=new_id(),
                    session_id=session_id,
                    turn_id=turn_id,
                    role=Role.ASSISTANT,
                    type=MessageType.TEXT,
                    text="I do not know whether it was filed.",
                    complete=True,
                )
            )
    await cancelled_and_retried(database, viewer, turn_id)
    assert (await stored(database, call_id)).status is ToolCallStatus.FAILED
