"""Reads a stored session as a played conversation, to be judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import Role, Stage, TurnStatus
from db.json_value import Json
from db.models.conversation import Message, Turn
from db.models.work import CrmRecord, ModelCall, ToolCall
from graph.api.types.timing import first_audio_ms, total_ms
from graph.evals.conversation import MAX_LINES
from graph.evals.played import PlayedConversation, PlayedRecord, PlayedTurn

#: Most records of a session that are compared.
_MAX_RECORDS = 1_000

_Row = TypeVar("_Row", Message, ModelCall, ToolCall)


async def read_played(session: AsyncSession, session_id: UUID) -> PlayedConversation:
    """The first turns of a session, and its records."""
    first = select(Turn).where(Turn.session_id == session_id).order_by(Turn.number).limit(MAX_LINES)
    turns = (await session.scalars(first)).all()
    ids = [each.id for each in turns]
    messages = await _by_turn(session, Message, ids)
    model_calls = await _by_turn(session, ModelCall, ids)
    tool_calls = await _by_turn(session, ToolCall, ids)
    filed = select(CrmRecord).where(CrmRecord.session_id == session_id).order_by(CrmRecord.id).limit(_MAX_RECORDS)
    records = (await session.scalars(filed)).all()
    played = [_turn(each, messages[each.id], model_calls[each.id], tool_calls[each.id], records) for each in turns]
    return PlayedConversation(str(session_id), played, [_record(each) for each in records])


async def _by_turn(session: AsyncSession, model: type[_Row], ids: Sequence[UUID]) -> Mapping[UUID, list[_Row]]:
    found: defaultdict[UUID, list[_Row]] = defaultdict(list)
    for row in await session.scalars(select(model).where(model.turn_id.in_(ids)).order_by(model.id)):
        assert row.turn_id is not None
        found[row.turn_id].append(row)
    return found


def _turn(
    turn: Turn,
    messages: Sequence[Message],
    model_calls: Sequence[ModelCall],
    tool_calls: Sequence[ToolCall],
    records: Sequence[CrmRecord],
) -> PlayedTurn:
    by_role = {each.role: each for each in messages}
    reply = by_role.get(Role.ASSISTANT)
    understood = _understood(model_calls)
    entities = understood.get("entities")
    intent = understood.get("intent")
    calls = {each.id for each in tool_calls}
    return PlayedTurn(
        heard=by_role[Role.USER].text or "",
        reply="" if reply is None else reply.text or "",
        reply_language=None if reply is None else reply.language,
        filed=[each.scenario for each in records if each.tool_call_id in calls],
        tools=[each.name for each in tool_calls],
        failed_tools=[f"{each.name}: {each.error}" for each in tool_calls if each.error],
        intent=intent if isinstance(intent, str) else None,
        entities={name: str(value) for name, value in entities.items()} if isinstance(entities, Mapping) else {},
        first_audio_ms=first_audio_ms(turn),
        total_ms=total_ms(turn),
        error=_error(turn),
    )


def _understood(calls: Sequence[ModelCall]) -> Mapping[str, Json]:
    """The details of the turn's first language model call that has some."""
    return next((each.details for each in calls if each.stage == Stage.LLM and each.details), {})


def _error(turn: Turn) -> str | None:
    if turn.error_code is not None:
        return f"{turn.error_code}: {turn.error_message or ''}"
    return None if turn.status == TurnStatus.COMPLETED else f"{turn.status}: the turn did not end"


def _record(record: CrmRecord) -> PlayedRecord:
    standard = {
        "name": record.name,
        "phone": record.phone,
        "account_id": record.account_id,
        "query": record.query,
        "priority": record.priority,
    }
    return PlayedRecord(record.scenario, record.intent, record.reference, {**record.details, **standard})
