"""Reads what a turn starts from: its message, the conversation before it, and what an earlier attempt finished."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.audio_store import AudioStore
from db.models.audio import Audio
from db.models.conversation import Message, Session, Turn
from db.models.work import ToolCall
from db.personas import PERSONAS
from db.turns import Claim
from db.words import MessageType, Role, ToolCallStatus
from inference.ports import AssistantSaid, HistoryItem, ToolRequest, ToolUsed, UserSaid
from inference.work import TurnWork

#: Turns of history a model is given; the newest count.
_MAX_TURNS = 100

#: What a session's metadata may tell the model of its customer.
_KNOWN = ("name", "phone", "account_id")


async def read_work(session: AsyncSession, store: AudioStore, claim: Claim) -> TurnWork:
    """All that the pipeline needs, in the caller's transaction."""
    owner = (await session.execute(select(Session).where(Session.id == claim.session_id))).scalar_one()
    turn = (await session.execute(select(Turn).where(Turn.id == claim.turn_id))).scalar_one()
    lately = select(Turn.id).where(
        Turn.session_id == owner.id, Turn.number <= turn.number, Turn.number > turn.number - _MAX_TURNS
    )
    messages = (await session.scalars(select(Message).where(Message.turn_id.in_(lately)).order_by(Message.id))).all()
    calls = (await session.scalars(select(ToolCall).where(ToolCall.turn_id.in_(lately)).order_by(ToolCall.id))).all()
    numbers: dict[UUID, int] = dict(
        (await session.execute(select(Turn.id, Turn.number).where(Turn.id.in_(lately)))).all()
    )
    mine = [call for call in calls if call.turn_id == turn.id]
    asked = next(each for each in messages if each.turn_id == turn.id and each.role is Role.USER)
    answered = next((each for each in messages if each.turn_id == turn.id and each.role is Role.ASSISTANT), None)
    spoken = [each.language for each in messages if each.language]
    recording = None
    if asked.type is MessageType.AUDIO and asked.text is None:
        recording = await _sound(session, store, asked.audio_id)
    return TurnWork(
        tenant_id=claim.tenant_id,
        session_language=owner.language,
        earlier_language=spoken[-1] if spoken else None,
        persona=PERSONAS[owner.persona],
        known=_known(owner),
        history=_history(messages, calls, numbers, before=turn.number),
        text=asked.text,
        recording=recording,
        reply=None if answered is None else answered.text,
        spoken=answered is not None and answered.audio_id is not None,
        used=tuple(_used(call) for call in mine if call.status is not ToolCallStatus.PENDING),
        pending=tuple(
            ToolRequest(str(call.id), call.name, call.arguments, call.server)
            for call in mine
            if call.status is ToolCallStatus.PENDING
        ),
    )


async def _sound(session: AsyncSession, store: AudioStore, audio_id: UUID | None) -> bytes:
    audio = (await session.execute(select(Audio).where(Audio.id == audio_id))).scalar_one()
    return await store.get(session, audio.store_key, 0, audio.size_bytes)


def _known(owner: Session) -> dict[str, str]:
    metadata: dict[str, Any] = owner.metadata_ or {}
    said = {key: metadata[key] for key in _KNOWN if isinstance(metadata.get(key), str) and metadata[key].strip()}
    return {"customer_id": owner.customer_id, **said}


def _history(messages: Any, calls: Any, numbers: dict[UUID, int], *, before: int) -> tuple[HistoryItem, ...]:
    """Turn by turn: what the user said, the tools that were used, what was answered."""
    found: list[tuple[int, int, HistoryItem]] = []
    for message in messages:
        if message.role is Role.USER:
            found.append((numbers[message.turn_id], 0, UserSaid(message.text or "")))
        else:
            found.append((numbers[message.turn_id], 2, AssistantSaid(message.text or "")))
    found.extend((numbers[call.turn_id], 1, _used(call)) for call in calls if call.status is not ToolCallStatus.PENDING)
    earlier = [each for each in found if each[0] < before]
    return tuple(item for _, _, item in sorted(earlier, key=lambda each: each[:2]))


def _used(call: ToolCall) -> ToolUsed:
    result = call.result or {"ok": False, "errors": [{"loc": "", "msg": call.error}]}
    return ToolUsed(str(call.id), call.name, call.arguments, result)
